import { expect, test } from "vitest";
import { createPolling } from "./poll-until.ts";

/** Returns a read whose answers are 0, 1, 2 and so on. */
function createCounter() {
  let reads = 0;
  return async () => reads++;
}

const never = () => false;

test("polling returns at once if the first answer is enough", async () => {
  const polling = createPolling({ maxWaiting: 1 });
  const read = createCounter();
  expect(await polling.pollUntil(read, { isEnough: () => true, waitMs: 60_000 })).toEqual({
    answer: 0,
    isHonoured: true,
  });
});

test("polling reads again until the answer is enough", async () => {
  const polling = createPolling({ maxWaiting: 1 });
  const waited = polling.pollUntil(createCounter(), { isEnough: (answer) => answer === 2, waitMs: 60_000 });
  expect(await waited).toEqual({ answer: 2, isHonoured: true });
});

test("polling returns the last answer when the wait is over", async () => {
  const polling = createPolling({ maxWaiting: 1 });
  const { answer, isHonoured } = await polling.pollUntil(createCounter(), { isEnough: never, waitMs: 1 });
  expect([isHonoured, Number.isInteger(answer)]).toEqual([true, true]);
});

test("polling does not let more callers wait than it may", async () => {
  const polling = createPolling({ maxWaiting: 1 });
  const first = polling.pollUntil(createCounter(), { isEnough: never, waitMs: 60_000 });
  const second = await polling.pollUntil(createCounter(), { isEnough: never, waitMs: 60_000 });
  expect(second).toEqual({ answer: 0, isHonoured: false });
  polling.end();
  expect((await first).isHonoured).toBe(false);
});

test("every wait ends when polling is ended", async () => {
  const polling = createPolling({ maxWaiting: 100 });
  const waiting = Array.from({ length: 50 }, () =>
    polling.pollUntil(createCounter(), { isEnough: never, waitMs: 60_000 }),
  );
  polling.end();
  for (const { isHonoured } of await Promise.all(waiting)) expect(isHonoured).toBe(false);
});

test("a wait that fails makes room for another caller", async () => {
  const polling = createPolling({ maxWaiting: 1 });
  const readOnce = createCounter();
  const failing = async () => {
    if ((await readOnce()) > 0) throw new Error("away");
    return 0;
  };
  await expect(polling.pollUntil(failing, { isEnough: never, waitMs: 60_000 })).rejects.toThrow("away");
  expect(await polling.pollUntil(createCounter(), { isEnough: never, waitMs: 1 })).toMatchObject({ isHonoured: true });
});
