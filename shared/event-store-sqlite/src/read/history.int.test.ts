import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HistoryQuery, MINUTE_MS } from "@tidemark/event-store/history";
import { createLogger } from "@tidemark/telemetry/logger";
import { changeTables } from "@tidemark/test-support/databases/sqlite-tables";
import { expect, onTestFinished, test } from "vitest";
import { openSqliteEventStore } from "../sqlite-event-store.ts";
import { MINUTES_AT_ONCE } from "./history.ts";

const FIRST_MINUTE = 30_000_000;
const MINUTES = 2.5 * MINUTES_AT_ONCE;

/** Opens a store whose every minute has one event of each of two topics, and one of a topic without figures of its own. */
async function openWithHistory() {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  const path = join(directory, "tidemark.db");
  const store = await openSqliteEventStore({ path, logger: createLogger({ service: "test", level: "silent" }) });
  onTestFinished(async () => {
    await store.close();
    await rm(directory, { recursive: true });
  });
  changeTables(
    path,
    `INSERT INTO history WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ${MINUTES})
     SELECT ${FIRST_MINUTE} + i, 3, 2, 1, -1, 1 FROM n;
     INSERT INTO topic_history SELECT minute, topic.value, 1, 1, 0, 0 FROM history, json_each('["a", "b"]') AS topic;`,
  );
  return store;
}

function query(options: Partial<HistoryQuery>): HistoryQuery {
  const sinceMs = FIRST_MINUTE * MINUTE_MS;
  return { sinceMs, untilMs: sinceMs + MINUTES * MINUTE_MS, stepMinutes: MINUTES, ...options };
}

test.each([7, 60, MINUTES_AT_ONCE, 500, 100_000])(
  "a history of several pieces has the sums of its steps: %i minutes each",
  async (stepMinutes) => {
    const store = await openWithHistory();
    const lengths = Array.from({ length: Math.ceil(MINUTES / stepMinutes) }, (_, step) =>
      Math.min(stepMinutes, MINUTES - step * stepMinutes),
    );

    const { steps: all } = await store.readHistory(query({ stepMinutes }));
    const { steps: some } = await store.readHistory(query({ stepMinutes, topicPrefixes: ["a", "b"] }));

    expect(all.map(({ startMs: _, ...counts }) => counts)).toEqual(
      lengths.map((n) => ({ stored: 3 * n, duplicates: 2 * n, conflicts: n, deadLettered: -n, isComplete: true })),
    );
    expect(some.map(({ startMs: _, ...counts }) => counts)).toEqual(
      lengths.map((n) => ({ stored: 2 * n, duplicates: 2 * n, conflicts: 0, deadLettered: 0, isComplete: false })),
    );
  },
);

test("another read gets its turn between any two pieces of a long history", async () => {
  const store = await openWithHistory();
  let isRead = false;
  let others = 0;
  const reading = store.readHistory(query({ topicPrefixes: [""] })).finally(() => {
    isRead = true;
  });
  for (await store.ping(); !isRead; await store.ping()) others++;
  await reading;

  expect(others).toBeGreaterThanOrEqual(MINUTES / MINUTES_AT_ONCE);
});
