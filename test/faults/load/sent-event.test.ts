import fc from "fast-check";
import { expect, test } from "vitest";
import { isAsSent, parseExactly, type StoredEvent } from "../checker/stored-event.ts";
import { type Burden, createEvent, numberOf, writeEvent } from "./sent-event.ts";

const DAY_MS = 86_400_000;
const sent = fc.record({
  seed: fc.nat({ max: 999_999_999 }),
  number: fc.nat({ max: 10_000_000 }),
  clockMs: fc.integer({ min: -20_000 * DAY_MS, max: 20_000 * DAY_MS }),
  burden: fc.constantFrom<(Burden | undefined)[]>(undefined, "slow", { payloadBytes: 300 }),
});

/** Returns the event as the service returns it. */
function stored(text: string): StoredEvent {
  const { trace, ...event } = parseExactly(text) as StoredEvent & { trace?: string };
  return { ...event, ...(trace === undefined ? {} : { attributes: { trace } }) };
}

test("an event is recognised by its key", () => {
  fc.assert(
    fc.property(sent, ({ seed, number, clockMs, burden }) => {
      const { topic, eventId } = createEvent(seed, number, clockMs, burden);
      expect(numberOf(seed, topic, eventId)).toBe(number);
      expect(numberOf(seed + 1, topic, eventId)).toBeUndefined();
    }),
  );
});

test("a stored event equals the sent one in any order of keys", () => {
  fc.assert(
    fc.property(sent, ({ seed, number, clockMs, burden }) => {
      const event = createEvent(seed, number, clockMs, burden);
      const shown = stored(writeEvent(event));
      const payload = Object.fromEntries(Object.entries(shown.payload as object).reverse());
      expect(isAsSent(shown, event)).toBe(true);
      expect(isAsSent({ ...shown, payload }, event)).toBe(true);
    }),
  );
});

test.for([
  [
    "another digit beyond those of a double",
    (text: string) => text.replace("12345678901234567890.", "12345678901234567891."),
  ],
  ["another source", (text: string) => text.replace("producer-", "Producer-")],
  ["another microsecond", (text: string) => text.replace("000007Z", "000008Z")],
  ["a lost field", (text: string) => text.replace(/,"trace":"[^"]*"/, "")],
] as const)("a stored event with %s differs from the sent one", ([, change]) => {
  const event = createEvent(1, 1_000_007 * 7, 0);
  const text = writeEvent({ ...event, timestamp: "2025-01-01T00:00:00.000007Z" });
  expect(change(text)).not.toBe(text);
  expect(isAsSent(stored(change(text)), { ...event, timestamp: "2025-01-01T00:00:00.000007Z" })).toBe(false);
});
