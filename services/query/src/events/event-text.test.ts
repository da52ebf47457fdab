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

test("gives payload and attributes back as the text they were kept as", () => {
  const text = eventText({ ...event, attributes: '{"__proto__": 1e400}' });
  expect(text).toContain(`"payload":${event.payload}`);
  expect(text).toContain('"attributes":{"__proto__": 1e400}');
});

test("leaves out what an event does not have", () => {
  expect(Object.keys(JSON.parse(eventText(event)))).toEqual([
    "topic",
    "event_id",
    "timestamp",
    "source",
    "payload",
    "processed_at",
  ]);
});

test("shows an expired payload as null, and since when", () => {
  const expired = { ...event, payload: null, payloadExpiredAt: "2025-11-23T10:00:00.000000Z" };
  expect(JSON.parse(eventText(expired))).toMatchObject({
    payload: null,
    payload_expired_at: "2025-11-23T10:00:00.000000Z",
  });
});

test("is JSON whatever the names hold", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (topic, eventId) => {
      expect(JSON.parse(eventText({ ...event, topic, eventId }))).toMatchObject({ topic, event_id: eventId });
    }),
  );
});
