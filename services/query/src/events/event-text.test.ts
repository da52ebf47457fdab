import type { StoredEvent } from "@tidemark/event-store/event-store";
import fc from "fast-check";
import { expect, test } from "vitest";
import { eventText } from "./event-text.ts";

const event: StoredEvent = {
  position: "1",
  topic: "user.login",
  eventId: "evt-001",
  timestamp: "2025-10-23T10:00:00.000000Z",
  source: "auth-service",
  payload: '{"big": 12345678901234567890, "exact": 0.1000000000000000055}',
  processedAt: "2025-10-23T10:00:01.000000Z",
};

test("the text of an event has payload and attributes as their stored texts", () => {
  const text = eventText({ ...event, attributes: '{"__proto__": 1e400}' });
  expect(text).toContain(`"payload":${event.payload}`);
  expect(text).toContain('"attributes":{"__proto__": 1e400}');
});

test("the text of an event omits fields that the event does not have", () => {
  expect(Object.keys(JSON.parse(eventText(event)))).toEqual([
    "topic",
    "event_id",
    "timestamp",
    "source",
    "payload",
    "processed_at",
  ]);
});

test("the text of an event shows an expired payload as null, with its time", () => {
  const expired = { ...event, payload: null, payloadExpiredAt: "2025-11-23T10:00:00.000000Z" };
  expect(JSON.parse(eventText(expired))).toMatchObject({
    payload: null,
    payload_expired_at: "2025-11-23T10:00:00.000000Z",
  });
});

test("the text of an event is JSON for any names", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (topic, eventId) => {
      expect(JSON.parse(eventText({ ...event, topic, eventId }))).toMatchObject({ topic, event_id: eventId });
    }),
  );
});
