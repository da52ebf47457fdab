import type { Books } from "@tidemark/event-store/books";
import { expect, test } from "vitest";
import { humanDuration, statsAnswer } from "./stats.ts";

const books: Books = {
  stored: 120,
  duplicates: 30,
  conflicts: 4,
  deadLettered: 1,
  topicsTotal: 2_000,
  byTopic: [
    {
      topic: "user.login",
      stored: 60,
      duplicates: 20,
      conflicts: 4,
      deadLettered: 1,
      lastProcessedAt: "2025-10-23T10:00:00.000000Z",
    },
  ],
  sourcesTotal: 101,
  bySource: [{ source: "auth-service", duplicates: 20, conflicts: 4, ages: [13, 4, 0, 2, 0, 1] }],
  appliedHeldEvents: 0,
  appliedGoneFrames: 7,
  appliedEvents: 151,
  tableDrift: 0,
  lost: { frames: 0, events: 0 },
};
const clock = { startedAtMs: 0, nowMs: 3_600_500 };

test("received is the sum of the events with a verdict and the queue", () => {
  expect(statsAnswer({ books, queue: { events: 9, oldestAtMs: 3_598_000 }, drift: 0 }, clock)).toEqual({
    received: 160,
    unique_processed: 120,
    duplicate_dropped: 30,
    conflicts: 4,
    dead_lettered: 1,
    queue_size: 9,
    topics: ["user.login"],
    by_topic: [
      {
        topic: "user.login",
        received: 81,
        unique_processed: 60,
        duplicate_dropped: 20,
        conflicts: 4,
        dead_lettered: 1,
        last_processed_at: "2025-10-23T10:00:00.000000Z",
      },
    ],
    topics_total: 2_000,
    by_source: [
      {
        source: "auth-service",
        duplicate_dropped: 20,
        conflicts: 4,
        ages: [
          { within_seconds: 1, count: 13 },
          { within_seconds: 60, count: 4 },
          { within_seconds: 3_600, count: 0 },
          { within_seconds: 86_400, count: 2 },
          { within_seconds: 604_800, count: 0 },
          { within_seconds: null, count: 1 },
        ],
      },
    ],
    sources_total: 101,
    oldest_queued_seconds: 2.5,
    uptime_seconds: 3600.5,
    uptime_human: "1h 0m 0s",
    drift: 0,
    confirmed: null,
    unconfirmed: null,
    last_audit: null,
    last_restore: null,
  });
});

test("the queue is not known if the log does not answer", () => {
  expect(statsAnswer({ books }, clock)).toMatchObject({
    received: 151,
    queue_size: null,
    oldest_queued_seconds: null,
    drift: null,
    incomplete: ["log"],
  });
});

test("the stats show a drift and the result of the last audit", () => {
  const counts = { stored: 120, duplicates: 30, conflicts: 4, deadLettered: 1 };
  const lastAudit = {
    auditedAt: "2025-10-23T10:00:00.000000Z",
    durationMs: 12,
    topicsTotal: 2_000,
    isBalanced: false,
    booked: counts,
    counted: counts,
    bySource: { duplicates: 30, conflicts: 4 },
    differences: [],
    differencesTotal: 200,
  };
  expect(statsAnswer({ books: { ...books, lastAudit }, queue: { events: 0 }, drift: -2 }, clock)).toMatchObject({
    drift: -2,
    last_audit: { audited_at: "2025-10-23T10:00:00.000000Z", balanced: false, differences_total: 200 },
  });
});

test("the stats show no age for an empty queue", () => {
  expect(statsAnswer({ books, queue: { events: 0 } }, clock)).toMatchObject({
    queue_size: 0,
    oldest_queued_seconds: 0,
  });
});

test("durations are formatted with days only if there are any", () => {
  expect(humanDuration(999)).toBe("0h 0m 0s");
  expect(humanDuration(3_723_000)).toBe("1h 2m 3s");
  expect(humanDuration(90_061_000)).toBe("1d 1h 1m 1s");
});
