import type { Duplicate } from "@tidemark/event-store/duplicates";
import { expect, test } from "vitest";
import { duplicateText } from "./duplicate-text.ts";

const copy: Duplicate = {
  topic: "user.login",
  eventId: "evt-001",
  source: "auth-service",
  receivedAt: "2025-10-24T10:00:01.000002Z",
  firstProcessedAt: "2025-10-23T10:00:00.999999Z",
  isConflict: false,
};

test("the text of a duplicate that is not a conflict has no content", () => {
  expect(JSON.parse(duplicateText(copy))).toEqual({
    topic: "user.login",
    event_id: "evt-001",
    source: "auth-service",
    received_at: copy.receivedAt,
    first_processed_at: copy.firstProcessedAt,
    age_seconds: 86_400.000003,
    conflict: false,
  });
});

test("the text of a conflict has its content as the stored text", () => {
  const content = {
    timestamp: "2025-10-23T10:00:00.000000Z",
    payload: '{"big": 12345678901234567890}',
    attributes: '{"tenth": 0.10}',
  };
  const text = duplicateText({ ...copy, isConflict: true, content });
  expect(text).toContain(
    '"event":{"topic":"user.login","event_id":"evt-001","timestamp":"2025-10-23T10:00:00.000000Z",' +
      '"source":"auth-service","payload":{"big": 12345678901234567890},"attributes":{"tenth": 0.10}}',
  );
  expect(JSON.parse(text)).toMatchObject({ conflict: true });
});

test.each([
  ["2025-10-23T10:00:00.999999Z", 0],
  ["2025-10-23T10:00:00.999998Z", 0],
  ["2025-10-23T10:00:01.000000Z", 0.000001],
  ["2025-10-23T10:00:02.499999Z", 1.5],
  ["2025-10-22T10:00:00.000000Z", 0],
])("is, received at %s, %d seconds late", (receivedAt, seconds) => {
  expect(JSON.parse(duplicateText({ ...copy, receivedAt })).age_seconds).toBe(seconds);
});
