import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { FramePace } from "./frame-pace.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
});

/** A pace with a frame of these requests, which is decided by `decide`. */
function startFrame({ requests = 1 } = {}) {
  const waiting = { requests: 0, events: 0, bytes: 0 };
  const pace = new FramePace(waiting);
  const decided = Promise.withResolvers<void>();
  const noted = pace.noteFrame(requests, decided.promise);
  const arrive = ({ events = 1, bytes = 100 } = {}) => {
    waiting.requests++;
    waiting.events += events;
    waiting.bytes += bytes;
    pace.noteArrival();
  };
  const decide = async () => {
    decided.resolve();
    await noted;
  };
  return { waiting, pace, arrive, decide };
}

/** Waits for the next frame, and tells whether it is due. */
function expectFrame(pace: FramePace) {
  let isDue = false;
  void pace.untilDue().then(() => {
    isDue = true;
  });
  return async (afterMs = 0) => {
    await vi.advanceTimersByTimeAsync(afterMs);
    return isDue;
  };
}

test("a frame that follows no other is due at once", async () => {
  await new FramePace({ requests: 1, events: 1, bytes: 100 }).untilDue();
  expect(vi.getTimerCount()).toBe(0);
});

test("a small frame waits 10 ms for the verdicts of the earlier one", async () => {
  const { pace, arrive } = startFrame();
  arrive();
  const isDue = expectFrame(pace);
  expect(await isDue(9)).toBe(false);
  arrive();
  expect(await isDue()).toBe(false);
  expect(await isDue(1)).toBe(true);
});

test.for([{ events: 100 }, { bytes: 64 * 1024 }])("a frame of %o waits for no verdicts", async (enough) => {
  const { pace, arrive } = startFrame();
  const isDue = expectFrame(pace);
  expect(await isDue()).toBe(false);
  arrive(enough);
  expect(await isDue()).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});

test("after the verdicts, a frame waits until all who have received them have sent again", async () => {
  const { pace, arrive, decide } = startFrame({ requests: 2 });
  arrive();
  const isDue = expectFrame(pace);
  await decide();
  expect(await isDue()).toBe(false);
  arrive();
  expect(await isDue()).toBe(false);
  arrive();
  expect(await isDue()).toBe(true);
});

test("after the verdicts, a frame waits 2 ms for those who do not send again", async () => {
  const { pace, arrive, decide } = startFrame({ requests: 2 });
  arrive();
  const isDue = expectFrame(pace);
  await decide();
  expect(await isDue(1)).toBe(false);
  expect(await isDue(1)).toBe(true);
});

test("a sender that returns alone waits for the others, but not if they had 2 ms", async () => {
  const { waiting, pace, arrive, decide } = startFrame({ requests: 3 });
  await decide();
  await vi.advanceTimersByTimeAsync(1);
  arrive();
  const isDue = expectFrame(pace);
  expect(await isDue()).toBe(false);
  expect(await isDue(1)).toBe(true);

  Object.assign(waiting, { requests: 1, events: 1, bytes: 100 });
  expect(await expectFrame(pace)()).toBe(true);
});

test("the only sender does not wait for itself", async () => {
  const { pace, arrive, decide } = startFrame();
  await decide();
  arrive();
  expect(await expectFrame(pace)()).toBe(true);
});

test("a frame waits for the verdicts of all earlier ones", async () => {
  const { pace, arrive, decide } = startFrame();
  const other = Promise.withResolvers<void>();
  const otherNoted = pace.noteFrame(1, other.promise);
  arrive();
  const isDue = expectFrame(pace);
  await decide();
  expect(await isDue(3)).toBe(false);
  other.resolve();
  await otherNoted;
  arrive();
  expect(await isDue()).toBe(true);
});
