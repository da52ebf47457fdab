import { Unavailable, type UnavailableCode } from "@tidemark/domain/errors";
import type { LogContents } from "@tidemark/event-log/event-log";
import { expect, test, vi } from "vitest";
import { RetryAdvice } from "./retry-advice.ts";
import type { Drain } from "./store-watch.ts";

const contents = (events: number): LogContents => ({
  incarnation: "one",
  events,
  frames: 1,
  lastSequence: 1,
  removed: 0,
});

function createAdvice(drain: Drain = { isStoreDown: false, eventsPerSecond: 10_000 }) {
  const look = vi.fn(async () => contents(1_000_000));
  const advice = new RetryAdvice({ log: { look }, watch: { drain: () => drain } });
  const secondsFor = async (code: UnavailableCode) => {
    const error = await advice.rethrow(new Unavailable({ code, detail: "full" })).catch((thrown) => thrown);
    expect(error).toMatchObject({ code, message: "full" });
    return (error as Unavailable).retryAfterSeconds;
  };
  return { advice, look, secondsFor };
}

test.each(["log_full", "queue_full"] as const)(
  "tells who met %s when a tenth of the log will be free",
  async (code) => {
    const seconds = await createAdvice().secondsFor(code);
    expect(seconds).toBeGreaterThanOrEqual(10);
    expect(seconds).toBeLessThanOrEqual(15);
  },
);

test("has clients stay away for longer while the store is down, without asking the log", async () => {
  const { look, secondsFor } = createAdvice({ isStoreDown: true, eventsPerSecond: undefined });
  expect(await secondsFor("log_full")).toBeGreaterThanOrEqual(30);
  expect(look).not.toHaveBeenCalled();
});

test("asks the log once for many who are refused", async () => {
  const { look, secondsFor } = createAdvice();
  await Promise.all(Array.from({ length: 100 }, () => secondsFor("log_full")));
  await secondsFor("log_full");
  expect(look.mock.calls.length).toBeLessThanOrEqual(2);
});

test("does without the log when it cannot be asked, and without a rate", async () => {
  const { look, secondsFor } = createAdvice();
  look.mockRejectedValueOnce(new Unavailable({ code: "log_unreachable", detail: "away" }));
  expect(await secondsFor("log_full")).toBeLessThanOrEqual(3);
  const nobodySaid = createAdvice({ isStoreDown: false, eventsPerSecond: undefined });
  expect(await nobodySaid.secondsFor("log_full")).toBeLessThanOrEqual(3);
});

test("leaves other errors as they are", async () => {
  const { advice, secondsFor } = createAdvice();
  expect(await secondsFor("log_unreachable")).toBe(1);
  const bug = new TypeError("a bug");
  await expect(advice.rethrow(bug)).rejects.toBe(bug);
});
