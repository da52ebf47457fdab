import { coalesce } from "@tidemark/shared/coalesce";
import type { TopicBooks } from "@tidemark/shared/event-store/event-store";
import { type StatsAnswer, StatsParameters } from "@tidemark/shared/http-api/stats-api";
import type { FastifyInstance } from "fastify";
import { type BooksSources, keepSteady, readBooks, type WholeBooks } from "./books.ts";

const MAX_TOPICS = 1_000;

export interface StatsOptions extends BooksSources {
  startedAtMs: number;
}

/** `GET /stats`. However many ask, log and store are read once at a time for each topic asked about. */
export function registerStats(server: FastifyInstance, { startedAtMs, ...sources }: StatsOptions): void {
  const steady = keepSteady();
  const read = coalesce(async (topic: string | undefined) =>
    steady(await readBooks(sources, { ...(topic === undefined ? {} : { topic }), maxTopics: MAX_TOPICS })),
  );

  server.get<{ Querystring: StatsParameters }>(
    "/stats",
    { schema: { querystring: StatsParameters } },
    async ({ query }) => statsAnswer(await read(query.topic), { startedAtMs, nowMs: Date.now() }),
  );
}

/** Words the books for the outside. */
export function statsAnswer(
  { books, queue }: WholeBooks,
  { startedAtMs, nowMs }: { startedAtMs: number; nowMs: number },
): StatsAnswer {
  const { unique, duplicates, conflicts, deadLettered, byTopic, topicsTotal } = books;
  const uptimeMs = Math.max(0, nowMs - startedAtMs);
  return {
    received: unique + duplicates + deadLettered + (queue?.events ?? 0),
    unique_processed: unique,
    duplicate_dropped: duplicates,
    conflicts,
    dead_lettered: deadLettered,
    queue_size: queue?.events ?? null,
    topics: byTopic.map(({ topic }) => topic),
    by_topic: byTopic.map(topicStats),
    topics_total: topicsTotal,
    oldest_queued_seconds: queue === undefined ? null : Math.max(0, nowMs - (queue.oldestAtMs ?? nowMs)) / 1_000,
    uptime_seconds: uptimeMs / 1_000,
    uptime_human: humanDuration(uptimeMs),
    ...(queue === undefined ? { incomplete: ["log"] } : {}),
  };
}

function topicStats(books: TopicBooks): StatsAnswer["by_topic"][number] {
  return {
    topic: books.topic,
    received: books.unique + books.duplicates + books.deadLettered,
    unique_processed: books.unique,
    duplicate_dropped: books.duplicates,
    last_processed_at: books.lastProcessedAt,
  };
}

/** `1h 0m 0s`; days only where there are some. */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const days = Math.floor(seconds / 86_400);
  const clock = `${Math.floor(seconds / 3_600) % 24}h ${Math.floor(seconds / 60) % 60}m ${seconds % 60}s`;
  return days > 0 ? `${days}d ${clock}` : clock;
}
