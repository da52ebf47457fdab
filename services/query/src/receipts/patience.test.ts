import { expect, test } from "vitest";
import { createPatience } from "./patience.ts";

/** Reads 0, 1, 2 … */
function createCounter() {
  let reads = 0;
  return async () => reads++;
}

const never = () => false;

test("answers at once what is enough at once", async () => {
  const patience = createPatience({ maxWaiting: 1 });
  const read = createCounter();
  expect(await patience.until(read, { isEnough: () => true, waitMs: 60_000 })).toEqual({ answer: 0, isHonoured: true });
});

test("reads again until the answer is enough", async () => {
  const patience = createPatience({ maxWaiting: 1 });
  const waited = patience.until(createCounter(), { isEnough: (answer) => answer === 2, waitMs: 60_000 });
  expect(await waited).toEqual({ answer: 2, isHonoured: true });
});

test("answers what is known when the wait is over", async () => {
  const patience = createPatience({ maxWaiting: 1 });
  const { answer, isHonoured } = await patience.until(createCounter(), { isEnough: never, waitMs: 1 });
  expect([isHonoured, Number.isInteger(answer)]).toEqual([true, true]);
});

test("does not keep more waiting than it may", async () => {
  const patience = createPatience({ maxWaiting: 1 });
  const first = patience.until(createCounter(), { isEnough: never, waitMs: 60_000 });
  const second = await patience.until(createCounter(), { isEnough: never, waitMs: 60_000 });
  expect(second).toEqual({ answer: 0, isHonoured: false });
  patience.end();
  expect((await first).isHonoured).toBe(false);
});

test("ends all waiting when the service stops", async () => {
  const patience = createPatience({ maxWaiting: 100 });
  const waiting = Array.from({ length: 50 }, () =>
    patience.until(createCounter(), { isEnough: never, waitMs: 60_000 }),
  );
  patience.end();
  for (const { isHonoured } of await Promise.all(waiting)) expect(isHonoured).toBe(false);
});

test("makes room when somebody's wait ends in a failure", async () => {
  const patience = createPatience({ maxWaiting: 1 });
  const readOnce = createCounter();
  const failing = async () => {
    if ((await readOnce()) > 0) throw new Error("away");
    return 0;
  };
  await expect(patience.until(failing, { isEnough: never, waitMs: 60_000 })).rejects.toThrow("away");
  expect(await patience.until(createCounter(), { isEnough: never, waitMs: 1 })).toMatchObject({ isHonoured: true });
});
