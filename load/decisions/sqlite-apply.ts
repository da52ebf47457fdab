import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AppliedDelivery } from "@tidemark/shared/event-store/event-store";
import { openWriterDatabase } from "@tidemark/shared/event-store/sqlite-database";
import { openSqliteEventStore } from "@tidemark/shared/event-store/sqlite-event-store";
import { createLogger } from "@tidemark/shared/log";

/**
 * What the store costs beside its database: calls of `apply` with 1,000 events each, against better-sqlite3 inserting the
 * same rows, ready-made, into the same tables, 1,000 a transaction. Alternating, so that both see the same machine.
 *
 *     node load/decisions/sqlite-apply.ts [share of duplicates, 0..1]
 */

const EVENTS_A_CALL = 1_000;
const CALLS = 60;
const ROUNDS = 5;

interface Row {
  topic: string;
  event_id: string;
  timestamp: string;
  source: string;
  payload: Record<string, unknown>;
}

function makeRows(duplicateShare: number): Row[][] {
  const known: Row[] = [];
  return Array.from({ length: CALLS }, () =>
    Array.from({ length: EVENTS_A_CALL }, () => {
      const copied = Math.random() < duplicateShare ? known[Math.floor(Math.random() * known.length)] : undefined;
      const row = copied ?? makeRow();
      if (copied === undefined) known.push(row);
      return row;
    }),
  );
}

function makeRow(): Row {
  return {
    topic: `user.login.${Math.floor(Math.random() * 5)}`,
    event_id: randomUUID(),
    timestamp: new Date().toISOString(),
    source: "auth-service",
    payload: { user_id: randomUUID(), amount: Math.random() * 1_000, tags: ["a", "b"], note: "of ordinary length" },
  };
}

async function inDirectory<Result>(run: (path: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-load-"));
  try {
    return await run(join(directory, "tidemark.db"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function openStore(path: string) {
  return openSqliteEventStore({ path, log: createLogger({ service: "load", level: "silent" }) });
}

function measureApply(batches: Row[][]): Promise<number> {
  return inDirectory(async (path) => {
    const store = await openStore(path);
    const deliveries = batches.map(
      (rows, sequence): AppliedDelivery => ({
        frame: {
          id: randomUUID(),
          requests: [rows.length],
          receivedAtMs: Date.now(),
          events: Buffer.from(JSON.stringify(rows)),
        },
        origin: { incarnation: "load", sequence },
      }),
    );
    const startedAt = performance.now();
    for (const delivery of deliveries) await store.apply([delivery], { maxNamed: 10 });
    const seconds = (performance.now() - startedAt) / 1_000;
    await store.close();
    return (CALLS * EVENTS_A_CALL) / seconds;
  });
}

function measureRaw(batches: Row[][]): Promise<number> {
  return inDirectory(async (path) => {
    const { database, close } = openWriterDatabase(path);
    const insert = database.prepare(
      `INSERT INTO events (topic, event_id, timestamp, source, payload, processed_at)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    );
    const rows = batches.map((batch) => batch.map((row) => ({ ...row, payload: JSON.stringify(row.payload) })));
    const insertAll = database.transaction((batch: (typeof rows)[number]) => {
      for (const row of batch) {
        insert.run(row.topic, row.event_id, row.timestamp, row.source, row.payload, row.timestamp);
      }
    });
    const startedAt = performance.now();
    for (const batch of rows) insertAll(batch);
    const seconds = (performance.now() - startedAt) / 1_000;
    close();
    return (CALLS * EVENTS_A_CALL) / seconds;
  });
}

const median = (values: number[]) => values.toSorted((left, right) => left - right)[values.length >> 1] as number;

const batches = makeRows(Number(process.argv[2] ?? 0));
const raw: number[] = [];
const applied: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  raw.push(await measureRaw(batches));
  applied.push(await measureApply(batches));
}
const perSecond = (value: number) => `${Math.round(value).toLocaleString("en")} events/s`;
console.log(`raw inserts ${perSecond(median(raw))}, apply ${perSecond(median(applied))}`);
console.log(`ratio ${(median(applied) / median(raw)).toFixed(2)}`);
