import { Places } from "@tidemark/runtime/limits/places";
import { expect, test } from "vitest";
import { createPolling } from "./poll-until.ts";

/** Returns a read whose answers are 0, 1, 2 and so on. */
function createCounter() {
  let reads = 0;
  return async () => reads++;
}

const never = () => false;

const placesFor = (max: number) => new Places({ name: "waits", max, maxPerClient: max });

test("polling returns at once if the first answer is enough", async () => {
  const polling = createPolling({ places: placesFor(1) });
  const read = createCounter();
  expect(await polling.pollUntil(read, { isEnough: () => true, waitMs: 60_000, clientId: "a" })).toEqual({
    answer: 0,
    isHonoured: true,
  });
});

test("polling reads again until the answer is enough", async () => {
  const polling = createPolling({ places: placesFor(1) });
  const waited = polling.pollUntil(createCounter(), {
    isEnough: (answer) => answer === 2,
    waitMs: 60_000,
    clientId: "a",
  });
  expect(await waited).toEqual({ answer: 2, isHonoured: true });
});

test("polling returns the last answer when the wait is over", async () => {
  const polling = createPolling({ places: placesFor(1) });
  const { answer, isHonoured } = await polling.pollUntil(createCounter(), {
    isEnough: never,
    waitMs: 1,
    clientId: "a",
  });
  expect([isHonoured, Number.isInteger(answer)]).toEqual([true, true]);
});

test("polling lets no more callers wait than its limit", async () => {
  const polling = createPolling({ places: placesFor(1) });
  const first = polling.pollUntil(createCounter(), { isEnough: never, waitMs: 60_000, clientId: "a" });
  const second = await polling.pollUntil(createCounter(), { isEnough: never, waitMs: 60_000, clientId: "a" });
  expect(second).toEqual({ answer: 0, isHonoured: false });
  polling.end();
  expect((await first).isHonoured).toBe(false);
});

test("every wait ends when polling is ended", async () => {
  const polling = createPolling({ places: placesFor(100) });
  const waiting = Array.from({ length: 50 }, () =>
    polling.pollUntil(createCounter(), { isEnough: never, waitMs: 60_000, clientId: "a" }),
  );
  polling.end();
  for (const { isHonoured } of await Promise.all(waiting)) expect(isHonoured).toBe(false);
});

test("a wait that fails makes room for another caller", async () => {
  const polling = createPolling({ places: placesFor(1) });
  const readOnce = createCounter();
  const failing = async () => {
    if ((await readOnce()) > 0) throw new Error("away");
    return 0;
  };
  await expect(polling.pollUntil(failing, { isEnough: never, waitMs: 60_000, clientId: "a" })).rejects.toThrow("away");
  expect(await polling.pollUntil(createCounter(), { isEnough: never, waitMs: 1, clientId: "a" })).toMatchObject({
    isHonoured: true,
  });
});

test("a client that uses its share of the places gets answers without a wait, and others can still wait", async () => {
  const polling = createPolling({ places: new Places({ name: "waits", max: 100, maxPerClient: 1 }) });
  const wait = (clientId: string) => polling.pollUntil(createCounter(), { isEnough: never, waitMs: 60_000, clientId });
  const first = wait("a");
  expect((await wait("a")).isHonoured).toBe(false);
  const other = wait("b");
  await new Promise(setImmediate);
  polling.end();
  expect((await Promise.all([first, other])).map(({ answer }) => answer)).toEqual([1, 1]);
});
