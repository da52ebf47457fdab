import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BooksQuery } from "@tidemark/event-store/books";
import { expect, onTestFinished, test } from "vitest";
import { openWriterDatabase } from "../connection/database.ts";
import { prepareBooks } from "./books.ts";

/** Opens a file with the counters of this number of topics and sources. */
async function openWithTopics(count: number) {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  const { database, close } = openWriterDatabase(join(directory, "tidemark.db"));
  onTestFinished(async () => {
    close();
    await rm(directory, { recursive: true });
  });
  database.exec(`
    CREATE TEMP TABLE number AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    SELECT i, i * 7919 % 97 AS size FROM n;
    INSERT INTO topic_counters (topic, stored, duplicates, conflicts, dead_lettered, last_processed_at)
    SELECT 'topic ' || i, size, 0, 0, 0, '2025-10-23T10:00:00.000000Z' FROM number;
    INSERT INTO source_counters SELECT 'source ' || i, size, 0, size, 0, 0, 0, 0, 0 FROM number;
    UPDATE book_totals SET topics = ${count}, sources = ${count};`);
  return prepareBooks(database);
}

/** Returns the processor time of many reads. */
function costOf(read: (query: BooksQuery) => unknown, query: BooksQuery): number {
  const before = process.cpuUsage();
  for (let round = 0; round < 50; round++) read(query);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

test("books of two hundred thousand topics and sources cost as much as those of two thousand", async () => {
  const [few, many] = [await openWithTopics(2_000), await openWithTopics(200_000)];
  const queries: BooksQuery[] = [
    { maxTopics: 0 },
    { maxTopics: 1_000, maxSources: 100 },
    { maxTopics: 1_000, maxSources: 100, topic: "topic 77" },
  ];

  for (const query of queries) {
    costOf(few, query); // the first run only compiles the code

    // The times are equal on average. Reading every topic would take a hundred times as long.
    expect(costOf(many, query)).toBeLessThan(10 * costOf(few, query));
  }
  expect(many({ maxTopics: 2, maxSources: 1 })).toMatchObject({
    topicsTotal: 200_000,
    byTopic: [
      { topic: "topic 100068", stored: 96 },
      { topic: "topic 100165", stored: 96 },
    ],
    bySource: [{ source: "source 100068", duplicates: 96 }],
  });
});
