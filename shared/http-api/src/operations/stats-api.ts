import { Source, Topic } from "@tidemark/domain/event-schema";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";

/** The most topics that an answer lists. */
export const MAX_STATS_TOPICS = 1_000;
/** The most sources that an answer lists. */
export const MAX_STATS_SOURCES = 100;

const StatsParameters = z.strictObject({
  limit: z
    .string()
    .refine((text) => /^\d{1,4}$/.test(text) && Number(text) <= MAX_STATS_TOPICS, {
      error: `must be a whole number from 0 to ${MAX_STATS_TOPICS}`,
    })
    .transform(Number)
    .default(MAX_STATS_TOPICS)
    .meta({
      description:
        "The number of topics, and of sources up to 100, that the answer lists, at most. The counts are those of all topics " +
        "with any limit.",
      example: 10,
      override: { type: "integer", minimum: 0, maximum: MAX_STATS_TOPICS, default: MAX_STATS_TOPICS },
    }),
  topic: Topic.optional().meta({
    description:
      "Selects this topic in `topics` and `by_topic`, which are both empty if it has no event. All other counts stay those " +
      "of all topics, because the queue is not known by topic, and without the queue the sums would not balance.",
  }),
});

export const TopicStats = z.object({
  topic: Topic,
  received: z.int().meta({ description: "Events with a verdict: stored, duplicates and dead letters.", example: 80 }),
  unique_processed: z.int().meta({ example: 60 }),
  duplicate_dropped: z.int().meta({ description: "Includes conflicts.", example: 20 }),
  conflicts: z.int().meta({ example: 0 }),
  dead_lettered: z.int().meta({ example: 0 }),
  last_processed_at: z.string().meta({ example: "2025-10-23T10:00:00.000000Z", format: "date-time" }),
});

const AgeStats = z.object({
  within_seconds: z
    .int()
    .nullable()
    .meta({ description: "The upper bound; `null` for duplicates later than the last bound.", example: 60 }),
  count: z
    .int()
    .meta({ description: "The number of duplicates later than the bound before and within this one.", example: 3 }),
});

const SourceStats = z.object({
  source: Source.meta({ description: "The source that sent the duplicates.", example: "auth-service" }),
  duplicate_dropped: z.int().meta({ description: "The duplicates of this source, including conflicts.", example: 20 }),
  conflicts: z.int().meta({ example: 0 }),
  ages: z.array(AgeStats).meta({
    description:
      "The duplicates by age, which is the time from storing the event to receiving the duplicate. A duplicate received " +
      "before the event was stored counts within the first bound.",
  }),
});

const AuditStats = z.object({
  audited_at: z.string().meta({ example: "2025-10-23T10:00:00.000000Z", format: "date-time" }),
  balanced: z.boolean().meta({ example: true }),
  differences_total: z.int().meta({ description: "The number of topics whose rows and books differed.", example: 0 }),
});

const RestoreStats = z.object({
  restored_at: z.string().meta({ example: "2025-10-23T10:00:00.000000Z", format: "date-time" }),
  backed_up_at: z.string().meta({
    description: "The time of the backup. It contains every event that was stored before.",
    example: "2025-10-22T10:00:00.000000Z",
    format: "date-time",
  }),
  lost_frames: z.int().nullable().meta({
    description: "The frames that had left the log and are not in the backup; `null` if not known.",
    example: 12,
  }),
  lost_events: z.int().nullable().meta({
    description: "The confirmed events that are neither in the backup nor in the log; `null` if not known.",
    example: 340,
  }),
});

const RefusedStats = z.object({
  code: z.string().meta({ description: "The `code` of the problem.", example: "invalid_event" }),
  status: z.int().meta({
    description: "The status of the answer: 4xx if the sender has to change something, 5xx if the service could not.",
    example: 422,
  }),
  requests: z.int().meta({ description: "The requests of the last hour that were answered so.", example: 6 }),
  first_at: z
    .string()
    .meta({ description: "The first of them.", example: "2025-10-23T09:40:00.000Z", format: "date-time" }),
  last_at: z
    .string()
    .meta({ description: "The latest of them.", example: "2025-10-23T09:58:00.000Z", format: "date-time" }),
});

export const StatsAnswer = z
  .object({
    received: z.int().meta({
      description:
        "Accepted events: `unique_processed + duplicate_dropped + dead_lettered + queue_size`. Never decreases.",
      example: 150,
    }),
    unique_processed: z.int().meta({ description: "Stored events.", example: 120 }),
    duplicate_dropped: z
      .int()
      .meta({ description: "Duplicates, which were dropped. Includes conflicts.", example: 30 }),
    conflicts: z.int().meta({ description: "The duplicates whose content differs from the stored event.", example: 0 }),
    dead_lettered: z.int().meta({ description: "Events that the store refused.", example: 0 }),
    queue_size: z
      .int()
      .nullable()
      .meta({ description: "Accepted events without a verdict yet; `null` if it is not known.", example: 0 }),
    topics: z.array(z.string()).meta({
      description: "The topics with the most events, at most `limit`. `/topics` lists all.",
      example: ["order.created", "user.login"],
    }),
    by_topic: z.array(TopicStats).meta({ description: "The books of these topics." }),
    topics_total: z.int().meta({ description: "The number of topics.", example: 2 }),
    by_source: z
      .array(SourceStats)
      .meta({ description: "The sources with the most duplicates, at most `limit` and at most 100." }),
    sources_total: z.int().meta({ description: "The number of sources that sent a duplicate.", example: 1 }),
    oldest_queued_seconds: z
      .number()
      .nullable()
      .meta({ description: "The age of the oldest queued event; `null` if it is not known.", example: 0 }),
    uptime_seconds: z.number().meta({ description: "The uptime of the process that answers.", example: 3600.5 }),
    uptime_human: z.string().meta({ example: "1h 0m 0s" }),
    drift: z
      .int()
      .nullable()
      .meta({
        description:
          "A check of the books. The number of frames that left the log and are not in the books (negative: that are in the " +
          "books and have not left), or else the difference between the counters and their tables. Any value but 0 is a " +
          "defect; `null` if it is not known at this moment.",
        example: 0,
      }),
    confirmed: z
      .int()
      .nullable()
      .meta({
        description:
          "A witness of the books: the events that the log has confirmed to gateways since it was created, as the gateways " +
          "count them; `null` if it is not known at this moment.",
        example: 148,
      }),
    unconfirmed: z
      .int()
      .nullable()
      .meta({
        description:
          "The events since then that are in the books or queued, minus `confirmed`: events on their way, and events whose " +
          "confirmation no gateway could report. A number below 0 is a defect: that many confirmed events are lost. `null` if it " +
          "is not known at this moment.",
        example: 2,
      }),
    last_audit: AuditStats.nullable().meta({ description: "The last recount of the rows; `null` if there was none." }),
    last_restore: RestoreStats.nullable().meta({
      description:
        "The last restore from a backup, and what it lost; `null` if there was none. `drift` and `unconfirmed` do not count " +
        "these losses.",
    }),
    refused: z
      .array(RefusedStats)
      .nullable()
      .meta({
        description:
          "The publishes of the last hour that were answered with a problem, by its code, the latest first, as far as " +
          "gateways have told in their heartbeats. `null` with a key that is limited to some topics.",
      }),
    incomplete: z
      .array(z.enum(["log", "sources", "topics"]))
      .optional()
      .meta({
        description:
          "The parts that the answer lacks. Without the log, because it does not answer or because the key is limited to " +
          "some topics, `received` lacks the queue. For such a key there are no sources, and sums of at most 100,000 topics.",
        example: ["log"],
      }),
  })
  .meta({ id: "Stats", description: "The books." });

export type StatsAnswer = z.infer<typeof StatsAnswer>;

const LAST = "2025-10-23T10:00:00.000000Z";
const REFUSED_FIRST = "2025-10-23T09:40:00.000Z";
const REFUSED_LAST = "2025-10-23T09:58:00.000Z";

const LOGIN = {
  topic: "user.login",
  received: 80,
  unique_processed: 60,
  duplicate_dropped: 20,
  conflicts: 0,
  dead_lettered: 0,
  last_processed_at: LAST,
};

const ORDER = { ...LOGIN, topic: "order.created", received: 70, duplicate_dropped: 10 };

const BOOKS: StatsAnswer = {
  received: 150,
  unique_processed: 120,
  duplicate_dropped: 30,
  conflicts: 0,
  dead_lettered: 0,
  queue_size: 0,
  topics: [LOGIN.topic, ORDER.topic],
  by_topic: [LOGIN, ORDER],
  topics_total: 2,
  by_source: [
    {
      source: "auth-service",
      duplicate_dropped: 30,
      conflicts: 0,
      ages: [1, 60, 3_600, 86_400, 604_800, null].map((bound) => ({
        within_seconds: bound,
        count: bound === 1 ? 30 : 0,
      })),
    },
  ],
  sources_total: 1,
  oldest_queued_seconds: 0,
  uptime_seconds: 3600.5,
  uptime_human: "1h 0m 0s",
  drift: 0,
  confirmed: 148,
  unconfirmed: 2,
  last_audit: { audited_at: LAST, balanced: true, differences_total: 0 },
  last_restore: null,
  refused: [{ code: "invalid_event", status: 422, requests: 6, first_at: REFUSED_FIRST, last_at: REFUSED_LAST }],
};

const WITHOUT_LOG: StatsAnswer = {
  ...BOOKS,
  queue_size: null,
  oldest_queued_seconds: null,
  drift: null,
  confirmed: null,
  unconfirmed: null,
  incomplete: ["log"],
};

export const readStats = {
  method: "get",
  path: "/stats",
  scope: "read",
  operationId: "readStats",
  tags: ["Books"],
  summary: "Read the books",
  description:
    "Counts the events that were received, stored and dropped and those still queued, at one moment. A request that was " +
    "answered 200 is counted exactly once in the next answer. The cost does not depend on the number of events.",
  requestParams: { query: StatsParameters },
  responses: {
    "200": {
      description: "The books.",
      content: {
        "application/json": {
          schema: StatsAnswer,
          examples: {
            whole: { summary: "With the log", value: BOOKS },
            incomplete: { summary: "The log does not answer", value: WITHOUT_LOG },
          },
        },
      },
    },
    ...problems("scope_missing", "topic_forbidden", "invalid_parameter", "store_unreachable"),
  },
} satisfies Operation;
