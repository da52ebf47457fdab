import type { Refusal } from "@tidemark/event-log/signals";
import type { Audit } from "@tidemark/event-store/audit";
import type { Books, LastRestore, SelectedBooks, TopicBooks, TopicBooksQuery } from "@tidemark/event-store/books";
import { AGE_BOUNDS_SECONDS, type SourceBooks } from "@tidemark/event-store/duplicates";
import type { EventReader } from "@tidemark/event-store/event-store";
import { MAX_STATS_SOURCES, readStats, type StatsAnswer } from "@tidemark/http-api/operations/stats-api";
import { clientOf } from "@tidemark/runtime/access/client";
import { reachOf } from "@tidemark/runtime/access/topic-reach";
import { coalesce } from "@tidemark/runtime/coalesce";
import type { FastifyInstance } from "fastify";
import { registerOperation } from "../register-operation.ts";
import { type BooksOptions, keepSteady, type WholeBooks } from "./books.ts";

export interface StatsOptions {
  reader: Pick<EventReader, "readTopicBooks">;
  readBooks: (options: BooksOptions) => Promise<WholeBooks>;
  /** Returns the publishes of the last hour that gateways refused. */
  readRefusals: () => Refusal[];
  startedAtMs: number;
}

/** Registers `GET /stats`. All requests with the same parameters share one read of the log and the store at a time. */
export function registerStats(
  server: FastifyInstance,
  { reader, readBooks, readRefusals, startedAtMs }: StatsOptions,
): void {
  const steady = keepSteady();
  const read = coalesce((options: string) => steady(() => readBooks(JSON.parse(options) as BooksOptions)));
  const readSelected = coalesce((query: string) => reader.readTopicBooks(JSON.parse(query) as TopicBooksQuery));

  registerOperation(server, readStats, async (request) => {
    const { topic, limit: maxTopics } = request.query;
    const client = clientOf(request);
    reachOf(client, topic);
    const times = { startedAtMs, nowMs: Date.now() };
    if (client.topics === undefined) {
      const options: BooksOptions = { topic, maxTopics, maxSources: Math.min(maxTopics, MAX_STATS_SOURCES) };
      const books = await read(JSON.stringify(options));
      return { ...statsAnswer(books, times), refused: readRefusals().map(refusedStats) };
    }
    const query: TopicBooksQuery = { topicPrefixes: client.topics, topic, maxTopics };
    return { ...selectedStatsAnswer(await readSelected(JSON.stringify(query)), times), refused: null };
  });
}

function refusedStats({ code, status, requests, firstAtMs, lastAtMs }: Refusal) {
  return {
    code,
    status,
    requests,
    first_at: new Date(firstAtMs).toISOString(),
    last_at: new Date(lastAtMs).toISOString(),
  };
}

type BooksAnswer = Omit<StatsAnswer, "refused">;

/** The books without what only a comparison with the log needs. */
type ShownBooks = Omit<SelectedBooks, "hasMoreTopics"> &
  Pick<Books, "bySource" | "sourcesTotal" | "lastAudit" | "lastRestore">;

/** Returns the books with the field names of the API. */
export function statsAnswer(
  { books, queue, drift, witness }: Omit<WholeBooks, "books"> & { books: ShownBooks },
  { startedAtMs, nowMs }: { startedAtMs: number; nowMs: number },
): BooksAnswer {
  const { stored, duplicates, conflicts, deadLettered, byTopic, bySource, lastAudit, lastRestore } = books;
  const uptimeMs = Math.max(0, nowMs - startedAtMs);
  return {
    received: stored + duplicates + deadLettered + (queue?.events ?? 0),
    unique_processed: stored,
    duplicate_dropped: duplicates,
    conflicts,
    dead_lettered: deadLettered,
    queue_size: queue?.events ?? null,
    topics: byTopic.map(({ topic }) => topic),
    by_topic: byTopic.map(topicStats),
    topics_total: books.topicsTotal,
    by_source: bySource.map(sourceStats),
    sources_total: books.sourcesTotal,
    oldest_queued_seconds: queue === undefined ? null : Math.max(0, nowMs - (queue.oldestAtMs ?? nowMs)) / 1_000,
    uptime_seconds: uptimeMs / 1_000,
    uptime_human: humanDuration(uptimeMs),
    drift: drift ?? null,
    confirmed: witness?.confirmed ?? null,
    unconfirmed: witness?.unconfirmed ?? null,
    last_audit: lastAudit === undefined ? null : auditStats(lastAudit),
    last_restore: lastRestore === undefined ? null : restoreStats(lastRestore),
    incomplete: queue === undefined ? ["log"] : undefined,
  };
}

/**
 * Returns the books of the topics that a key reaches. The answer omits the queue, the sources, the drift and the audit,
 * because they are known only for all topics together.
 */
function selectedStatsAnswer(books: SelectedBooks, times: { startedAtMs: number; nowMs: number }): BooksAnswer {
  return {
    ...statsAnswer({ books: { ...books, bySource: [], sourcesTotal: 0 } }, times),
    incomplete: books.hasMoreTopics ? ["log", "sources", "topics"] : ["log", "sources"],
  };
}

/** Returns the books of a topic with the field names of the API. */
export function topicStats(books: TopicBooks): StatsAnswer["by_topic"][number] {
  return {
    topic: books.topic,
    received: books.stored + books.duplicates + books.deadLettered,
    unique_processed: books.stored,
    duplicate_dropped: books.duplicates,
    conflicts: books.conflicts,
    dead_lettered: books.deadLettered,
    last_processed_at: books.lastProcessedAt,
  };
}

function sourceStats({ source, duplicates, conflicts, ages }: SourceBooks): StatsAnswer["by_source"][number] {
  return {
    source,
    duplicate_dropped: duplicates,
    conflicts,
    ages: ages.map((count, age) => ({ within_seconds: AGE_BOUNDS_SECONDS[age] ?? null, count })),
  };
}

function auditStats({ auditedAt, isBalanced, differencesTotal }: Audit): StatsAnswer["last_audit"] {
  return { audited_at: auditedAt, balanced: isBalanced, differences_total: differencesTotal };
}

function restoreStats(restore: LastRestore): StatsAnswer["last_restore"] {
  const { restoredAt, backedUpAt, lostFrames, lostEvents } = restore;
  return { restored_at: restoredAt, backed_up_at: backedUpAt, lost_frames: lostFrames, lost_events: lostEvents };
}

/** Formats a duration as `1h 0m 0s`, with days if there are any. */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const days = Math.floor(seconds / 86_400);
  const clock = `${Math.floor(seconds / 3_600) % 24}h ${Math.floor(seconds / 60) % 60}m ${seconds % 60}s`;
  return days > 0 ? `${days}d ${clock}` : clock;
}
