import { Source, Topic } from "@tidemark/domain/event";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";

const StatsParameters = z.strictObject({
  topic: Topic.optional().meta({
    description:
      "Only this topic in `topics` and `by_topic`, both empty where nothing came under it. All the rest stays that of all " +
      "topics: what is queued is not known by topic, and without it the sums would not balance.",
  }),
});

const TopicStats = z.object({
  topic: Topic,
  received: z.int().meta({ description: "Judged events: unique, duplicates and dead letters.", example: 80 }),
  unique_processed: z.int().meta({ example: 60 }),
  duplicate_dropped: z.int().meta({ description: "Conflicts included.", example: 20 }),
  conflicts: z.int().meta({ example: 0 }),
  dead_lettered: z.int().meta({ example: 0 }),
  last_processed_at: z.string().meta({ example: "2025-10-23T10:00:00.000000Z", format: "date-time" }),
});

const AgeStats = z.object({
  within_seconds: z
    .int()
    .nullable()
    .meta({ description: "The bound; `null`: later than the last of them.", example: 60 }),
  count: z.int().meta({ description: "Copies later than the bound before and within this one.", example: 3 }),
});

const SourceStats = z.object({
  source: Source.meta({ description: "The copies' own.", example: "auth-service" }),
  duplicate_dropped: z.int().meta({ description: "Its copies that were not stored, conflicts included.", example: 20 }),
  conflicts: z.int().meta({ example: 0 }),
  ages: z.array(AgeStats).meta({
    description:
      "How late they came: from when the first copy was stored to when this one was received. One that was received " +
      "before that counts as within the first bound.",
  }),
});

const AuditStats = z.object({
  audited_at: z.string().meta({ example: "2025-10-23T10:00:00.000000Z", format: "date-time" }),
  balanced: z.boolean().meta({ example: true }),
  differences_total: z.int().meta({ description: "Topics whose rows and books differed.", example: 0 }),
});

export const StatsAnswer = z
  .object({
    received: z.int().meta({
      description:
        "Events taken in: `unique_processed + duplicate_dropped + dead_lettered + queue_size`. Never goes down.",
      example: 150,
    }),
    unique_processed: z.int().meta({ description: "Events stored.", example: 120 }),
    duplicate_dropped: z.int().meta({ description: "Copies that were not stored.", example: 30 }),
    conflicts: z.int().meta({ description: "Of those, copies whose content differs from what is stored.", example: 0 }),
    dead_lettered: z.int().meta({ description: "Events that the store refused.", example: 0 }),
    queue_size: z
      .int()
      .nullable()
      .meta({ description: "Events taken in and not judged; `null`: not known.", example: 0 }),
    topics: z.array(z.string()).meta({ description: "The 1,000 busiest.", example: ["order.created", "user.login"] }),
    by_topic: z.array(TopicStats).meta({ description: "The books of those." }),
    topics_total: z.int().meta({ description: "How many topics there are.", example: 2 }),
    by_source: z.array(SourceStats).meta({ description: "Who sends copies: the 100 with the most." }),
    sources_total: z.int().meta({ description: "How many sources sent a copy.", example: 1 }),
    oldest_queued_seconds: z
      .number()
      .nullable()
      .meta({ description: "How long the oldest of the queue has been waiting; `null`: not known.", example: 0 }),
    uptime_seconds: z.number().meta({ description: "Of the process that answers.", example: 3600.5 }),
    uptime_human: z.string().meta({ example: "1h 0m 0s" }),
    drift: z
      .int()
      .nullable()
      .meta({
        description:
          "The books against a source of their own: frames that left the log without being in them (below 0: in them " +
          "without having left), or counters that differ from their tables. Anything but 0 is a defect; `null`: not known " +
          "at this moment.",
        example: 0,
      }),
    last_audit: AuditStats.nullable().meta({ description: "The last recount of the rows; `null`: there was none." }),
    incomplete: z
      .array(z.enum(["log"]))
      .optional()
      .meta({ description: "What could not be asked. Without the log, `received` lacks the queue.", example: ["log"] }),
  })
  .meta({ id: "Stats", description: "The books." });

export type StatsAnswer = z.infer<typeof StatsAnswer>;

const LAST = "2025-10-23T10:00:00.000000Z";

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
  last_audit: { audited_at: LAST, balanced: true, differences_total: 0 },
};

const WITHOUT_LOG: StatsAnswer = {
  ...BOOKS,
  queue_size: null,
  oldest_queued_seconds: null,
  drift: null,
  incomplete: ["log"],
};

export const readStats = {
  method: "get",
  path: "/stats",
  operationId: "readStats",
  tags: ["Books"],
  summary: "Read the books",
  description:
    "What was received, stored, dropped and is still queued, at one moment. A publish answered 200 is in the next answer " +
    "exactly once. Costs the same with ten events and with ten million.",
  requestParams: { query: StatsParameters },
  responses: {
    "200": {
      description: "The books.",
      content: {
        "application/json": {
          schema: StatsAnswer,
          examples: {
            whole: { summary: "With the log", value: BOOKS },
            incomplete: { summary: "The log is away", value: WITHOUT_LOG },
          },
        },
      },
    },
    ...problems("invalid_parameter", "store_unreachable"),
  },
} satisfies Operation;
