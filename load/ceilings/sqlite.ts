import { randomBytes } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import type { CeilingFigure } from "./postgres.ts";
import { createBatches, measureRows, type Row } from "./row-batches.ts";

/**
 * Measures rows per second offered to the events table of a file that Tidemark has made, 1,000 a commit, WAL and FULL, from this
 * thread. The faster of the two ways is the ceiling.
 */
export async function measureSqlite(path: string, seconds: number, duplicateRate: number): Promise<CeilingFigure[]> {
  const database = new DatabaseSync(path);
  try {
    // The settings of Tidemark, see shared/event-store-sqlite.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    database.exec("PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 16384");
    const columns = "(topic, event_id, timestamp, source, payload, processed_at)";
    const insertRow = database.prepare(
      `INSERT INTO events ${columns} VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    );
    const insertAll = database.prepare(
      `INSERT INTO events ${columns}
       SELECT value ->> 'topic', value ->> 'event_id', value ->> 'timestamp', value ->> 'source', value -> 'payload', ?
       FROM json_each(?) WHERE true ON CONFLICT DO NOTHING`,
    );
    const processedAt = new Date().toISOString();
    const ways = {
      "a statement a row": (rows: Row[], _text: string) => {
        for (const { topic, event_id, timestamp, source, payload } of rows) {
          insertRow.run(topic, event_id, timestamp, source, payload, processedAt);
        }
      },
      json_each: (_rows: Row[], text: string) => {
        insertAll.run(processedAt, text);
      },
    };
    const figures: CeilingFigure[] = [];
    for (const [name, insert] of Object.entries(ways)) {
      database.exec("DELETE FROM events");
      const nextBatch = createBatches(randomBytes(3).toString("hex"), duplicateRate);
      const prepare = () => {
        const batch = nextBatch();
        return { rows: batch.rows(), text: batch.text.toString() };
      };
      const commit = ({ rows, text }: ReturnType<typeof prepare>) => {
        database.exec("BEGIN IMMEDIATE");
        insert(rows, text);
        database.exec("COMMIT");
      };
      await measureRows(seconds / 5, prepare, commit);
      figures.push({ name, perSecond: await measureRows(seconds, prepare, commit) });
    }
    return figures;
  } finally {
    database.close();
  }
}
