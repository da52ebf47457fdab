import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Batcher } from "./batcher.ts";
import { batcherOf, eventOf, outcomeOf, outcomesOf, sentIds } from "./batcher-fixture.ts";
import { answer, type FakeService, startFakeService } from "./fake-service.ts";

let service: FakeService;
beforeEach(async () => {
  service = await startFakeService();
});
afterEach(() => service.close());

const NEVER_MS = 3_600_000;

test("events added together share a request, and each has its own verdict", async () => {
  const batcher = batcherOf(service);

  const added = ["a", "b", "a"].map((id) => batcher.add(eventOf(id)));

  expect(batcher.pending).toBe(3);
  expect(await outcomesOf(added)).toEqual(["stored", "stored", "duplicate"]);
  expect(await added[1]).toEqual({ topic: "t", event_id: "b", status: "stored", doubtfulAttempts: 0 });
  expect(batcher.pending).toBe(0);
  expect(sentIds(service)).toEqual([["a", "b", "a"]]);
});

test("a full request does not wait for more", async () => {
  const batcher = batcherOf(service, { lingerMs: NEVER_MS, maxEvents: 2 });

  expect(await outcomesOf(["a", "b"].map((id) => batcher.add(eventOf(id))))).toEqual(["stored", "stored"]);
});

test("an event may wait for others indefinitely", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const publishText = vi.fn();
  const batcher = new Batcher({ publishText }, { lingerMs: Number.POSITIVE_INFINITY });
  void outcomeOf(batcher.add(eventOf("a")));

  vi.advanceTimersByTime(NEVER_MS);

  expect(publishText).not.toHaveBeenCalled();
});

test("one request is in flight at a time, in the order of adding", async () => {
  const first = Promise.withResolvers<void>();
  service.faults.push((response, store) => void first.promise.then(() => answer(response, 200, store())));
  const batcher = batcherOf(service, { maxEvents: 2 });
  const added = ["a", "b", "c", "d", "e"].map((id) => batcher.add(eventOf(id)));
  await vi.waitUntil(() => service.bodies.length > 0);
  const late = batcher.add(eventOf("f"));
  expect(service.bodies).toHaveLength(1);
  first.resolve();

  await outcomesOf([...added, late]);
  expect(sentIds(service)).toEqual([
    ["a", "b"],
    ["c", "d"],
    ["e", "f"],
  ]);
});

test("no request exceeds the limits", async () => {
  const batcher = batcherOf(service, { maxEvents: 5, maxBytes: 420 });
  const ids = Array.from({ length: 40 }, (_, index) => "é".repeat(index) + index);

  await outcomesOf(ids.map((id) => batcher.add(eventOf(id))));

  expect(sentIds(service).flat()).toEqual(ids);
  expect(Math.max(...sentIds(service).map((batch) => batch.length))).toBe(5);
  const bytes = service.bodies.map((body) => Buffer.byteLength(body));
  expect(Math.max(...bytes)).toBeLessThanOrEqual(420);
  // Each request is as full as possible: the first event of the next request would not have fitted.
  sentIds(service).forEach((batch, index) => {
    const next = sentIds(service)[index + 1]?.[0];
    const room = 420 - (bytes[index] ?? 0);
    if (batch.length < 5 && next !== undefined)
      expect(Buffer.byteLength(JSON.stringify(eventOf(next))) + 1).toBeGreaterThan(room);
  });
});

test("an event that fits in no request is rejected, and the others are not affected", async () => {
  const size = JSON.stringify([eventOf("a")]).length;
  const batcher = batcherOf(service, { maxBytes: size });

  const [tooLarge, fitting] = await outcomesOf([batcher.add(eventOf("ab")), batcher.add(eventOf("a"))]);

  expect(tooLarge).toMatchObject({ outcome: "not taken", code: "body_too_large", events: [{ event_id: "ab" }] });
  expect(fitting).toBe("stored");
  expect(sentIds(service)).toEqual([["a"]]);
});

test("an event that cannot be written is rejected, and the others are not affected", async () => {
  const batcher = batcherOf(service);

  const [unwritable, fine] = await outcomesOf([
    batcher.add({ ...eventOf("a"), payload: { amount: 1n } }),
    batcher.add(eventOf("b")),
  ]);

  expect(unwritable).toMatchObject({ outcome: "not taken", code: "unwritable_event", cause: expect.any(TypeError) });
  expect(fine).toBe("stored");
});

test("changing an event after it was added has no effect", async () => {
  const batcher = batcherOf(service);
  const event = eventOf("a");
  const adding = batcher.add(event);
  event.event_id = "changed";

  expect((await adding).event_id).toBe("a");
  expect(sentIds(service)).toEqual([["a"]]);
});

test("an event beyond the limit of pending events is rejected, and there is no room", async () => {
  const batcher = batcherOf(service, { maxPending: 2, lingerMs: NEVER_MS });
  const release = Promise.withResolvers<void>();
  service.faults.push((response, store) => void release.promise.then(() => answer(response, 200, store())));
  const added = ["a", "b"].map((id) => batcher.add(eventOf(id)));
  let hasRoom = false;
  const room = batcher.room().then(() => {
    hasRoom = true;
  });

  expect(await outcomeOf(batcher.add(eventOf("c")))).toMatchObject({ code: "batcher_full", outcome: "not taken" });
  await vi.waitUntil(() => service.bodies.length > 0);
  expect(hasRoom).toBe(false);
  release.resolve();
  expect(await outcomesOf(added)).toEqual(["stored", "stored"]);
  await room;
  expect(sentIds(service)).toEqual([["a", "b"]]);
});

test("every caller that waited for room finds it", async () => {
  const batcher = batcherOf(service, { maxPending: 3, maxEvents: 2 });
  const add = async (id: string) => {
    await batcher.room();
    return outcomeOf(batcher.add(eventOf(id)));
  };

  const outcomes = await Promise.all(Array.from({ length: 50 }, (_, index) => add(`${index}`)));

  expect(outcomes).toEqual(Array(50).fill("stored"));
  expect(sentIds(service).flat()).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`));
});

test("a flush during a request does not send events that are added after it", async () => {
  const batcher = batcherOf(service, { lingerMs: NEVER_MS, maxEvents: 2 });
  const before = ["a", "b"].map((id) => batcher.add(eventOf(id)));
  await batcher.flush();
  const after = ["c", "d"].map((id) => batcher.add(eventOf(id)));

  expect(await outcomesOf([...before, ...after])).toEqual(["stored", "stored", "stored", "stored"]);
  expect(sentIds(service)).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
});

test("flush sends at once and resolves when every event has its outcome, invalid ones too", async () => {
  const batcher = batcherOf(service, { lingerMs: NEVER_MS });
  let settled = 0;
  for (const topic of ["t", ""]) void outcomeOf(batcher.add(eventOf("e", topic))).then(() => settled++);

  await batcher.flush();

  expect(batcher.pending).toBe(0);
  await vi.waitUntil(() => settled === 2);
  await batcher.flush();
  expect(service.requests).toHaveLength(1);
});

test("a closed batcher has sent everything and accepts no more", async () => {
  const batcher = batcherOf(service, { lingerMs: NEVER_MS, maxEvents: 2 });
  const added = ["a", "b", "c"].map((id) => batcher.add(eventOf(id)));

  const closing = batcher.close();
  const late = await outcomeOf(batcher.add(eventOf("d")));
  await closing;

  expect(late).toMatchObject({ outcome: "not taken", code: "batcher_closed", events: [eventOf("d")] });
  expect(await outcomesOf(added)).toEqual(["stored", "stored", "stored"]);
  expect(sentIds(service)).toEqual([["a", "b"], ["c"]]);
});

test("after an abort, events in flight may have been stored, and queued events were not", async () => {
  const abort = new AbortController();
  service.faults.push(() => abort.abort());
  const batcher = batcherOf(service, { maxEvents: 1, signal: abort.signal });

  const outcomes = await outcomesOf(["a", "b", "c"].map((id) => batcher.add(eventOf(id))));

  expect(outcomes).toMatchObject([{ outcome: "unknown" }, { outcome: "not taken" }, { outcome: "not taken" }]);
  expect(service.requests).toHaveLength(1);
});

test.each(["maxEvents", "maxBytes", "maxPending"])("refuses a %s of 0", (limit) => {
  expect(() => batcherOf(service, { [limit]: 0 })).toThrow(RangeError);
});
