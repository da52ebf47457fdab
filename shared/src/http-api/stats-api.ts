import { z } from "zod";
import { Topic } from "../event.ts";
import { type Operation, problems } from "./problem-schema.ts";

export const StatsParameters = z.strictObject({
  topic: Topic.optional().meta({
    description: "Only this topic in `topics` and `by_topic`; the sums stay those of all.",
  }),
});

export type StatsParameters = z.infer<typeof StatsParameters>;

const TopicStats = z.object({
  topic: Topic,
  received: z.int().meta({ description: "Judged events: unique, duplicates and dead letters.", example: 80 }),
  unique_processed: z.int().meta({ example: 60 }),
  duplicate_dropped: z.int().meta({ example: 20 }),
  last_processed_at: z.string().meta({ example: "2025-10-23T10:00:00.000000Z", format: "date-time" }),
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
    oldest_queued_seconds: z
      .number()
      .nullable()
      .meta({ description: "How long the oldest of the queue has been waiting; `null`: not known.", example: 0 }),
    uptime_seconds: z.number().meta({ description: "Of the process that answers.", example: 3600.5 }),
    uptime_human: z.string().meta({ example: "1h 0m 0s" }),
    incomplete: z
      .array(z.enum(["log"]))
      .optional()
      .meta({ description: "What could not be asked. Without the log, `received` lacks the queue.", example: ["log"] }),
  })
  .meta({ id: "Stats", description: "The books." });

export type StatsAnswer = z.infer<typeof StatsAnswer>;

export const readStats: Operation = {
  operationId: "readStats",
  tags: ["Books"],
  summary: "Read the books",
  description:
    "What was received, stored, dropped and is still queued, at one moment. A publish answered 200 is in the next answer " +
    "exactly once. Costs the same with ten events and with ten million.",
  requestParams: { query: StatsParameters },
  responses: {
    "200": { description: "The books.", content: { "application/json": { schema: StatsAnswer } } },
    ...problems("invalid_parameter", "store_unreachable"),
  },
};
