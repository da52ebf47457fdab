import { expect, test } from "vitest";
import { createPace } from "./pace.ts";

const never = new AbortController().signal;

test("the first events, and events that are late, are due at once", async () => {
  let now = 0;
  const pace = createPace(0.001, () => now); // a wait would take 5,000 s

  await expect(pace(5, never)).resolves.toBe(true);
  now = 5_000_000;
  await expect(pace(5, never)).resolves.toBe(true);
});

test("a stop ends the wait for events that are not due", async () => {
  const pace = createPace(0.001, () => 0);
  const stop = new AbortController();
  await pace(5, stop.signal);

  const waiting = pace(5, stop.signal);
  stop.abort();

  await expect(waiting).resolves.toBe(false);
});

test("without a rate every event is due at once, until the stop", async () => {
  const pace = createPace(undefined);
  expect([await pace(5, never), await pace(5, never)]).toEqual([true, true]);
});
