import { stat } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Eraser } from "@tidemark/event-store/erasure";
import type { EventStore } from "@tidemark/event-store/event-store";
import { openPostgresEventStore } from "@tidemark/event-store-postgres/postgres-event-store";
import { vacuumSqlite } from "@tidemark/event-store-sqlite/maintain/vacuum";
import { openSqliteEventStore } from "@tidemark/event-store-sqlite/sqlite-event-store";
import { startEmbeddedPostgres } from "@tidemark/programs/embedded-postgres";
import { createLogger } from "@tidemark/telemetry/logger";
import pg from "pg";
import { stop } from "../bench/run-opened.ts";
import { formatMegabytes } from "../figures/figures.ts";

/** The payload of every event, 240 bytes. */
export const PAYLOAD = `{"user_id":"123456","name":"a customer of the shop","items":[1,2,3,4,5,6,7,8,9],"note":"${"text ".repeat(30)}"}`;

export interface ExpiryStore {
  store: Pick<EventStore, "apply"> & Pick<Eraser, "expirePayloads">;
  /** The number of batches that the shape applies at a time. */
  writers: number;
  sizes(): Promise<string>;
  /** Gives the space of expired payloads back. Ends the use of the store. */
  vacuum(): Promise<void>;
}

interface ExpiryShape {
  /** Makes a database with so many old events. The books do not count them, so no service should use it. */
  build(opened: AsyncDisposableStack, dataDir: string, rows: number, tell: (rows: number) => void): Promise<void>;
  open(opened: AsyncDisposableStack, dataDir: string): Promise<ExpiryStore>;
}

const ROWS_A_STATEMENT = 500_000;
const logger = createLogger({ service: "payload-expiry", level: "silent" });

const single: ExpiryShape = {
  async build(opened, dataDir, rows, tell) {
    const path = join(dataDir, "tidemark.db");
    await (await openSqliteEventStore({ path, logger })).close();
    const database = opened.adopt(new DatabaseSync(path), (open) => open.close());
    database.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000");
    const insert = database.prepare(
      `INSERT INTO events (topic, event_id, timestamp, source, payload, processed_at)
       WITH RECURSIVE n (i) AS (SELECT CAST(? AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i < CAST(? AS INTEGER))
       SELECT 'topic.' || (i % 5), printf('e-%09d', i), '2020-01-01T00:00:00.000000Z', 'bench', ?, '2020-01-01T00:00:00.000000Z' FROM n`,
    );
    await insertInSteps(rows, tell, (first, last) => insert.run(first, last, PAYLOAD));
  },

  async open(opened, dataDir) {
    const path = join(dataDir, "tidemark.db");
    await stat(path); // else the store would make an empty one
    const store = await openSqliteEventStore({ path, logger });
    opened.defer(() => store.close());
    return {
      store,
      writers: 1,
      sizes: async () => `${formatMegabytes((await stat(path)).size)} MB`,
      async vacuum() {
        await store.close();
        vacuumSqlite(path);
      },
    };
  },
};

const stack: ExpiryShape = {
  async build(opened, dataDir, rows, tell) {
    const { client, store } = await openPostgres(opened, dataDir);
    await store.close();
    await client.query("SET synchronous_commit = off");
    await insertInSteps(rows, tell, (first, last) =>
      client.query(
        `INSERT INTO events (tx, ord, topic, event_id, "timestamp", source, payload, processed_at)
         SELECT 1, i, 'topic.' || (i % 5), 'e-' || lpad(i::text, 9, '0'), '2020-01-01', 'bench', $3, '2020-01-01'
         FROM generate_series($1::int, $2::int) AS i`,
        [first, last, PAYLOAD],
      ),
    );
    await client.query("VACUUM ANALYZE events");
  },

  async open(opened, dataDir) {
    await stat(join(dataDir, "pgdata", "PG_VERSION")); // else the server would make an empty database
    const { client, store } = await openPostgres(opened, dataDir);
    const read = "SELECT pg_table_size('events') AS of_table, pg_indexes_size('events') AS of_indexes";
    return {
      store,
      writers: 2,
      async sizes() {
        const [row] = (await client.query<{ of_table: string; of_indexes: string }>(read)).rows;
        return `table ${formatMegabytes(Number(row?.of_table))} MB, indexes ${formatMegabytes(Number(row?.of_indexes))} MB`;
      },
      async vacuum() {
        await client.query("VACUUM (FULL) events");
      },
    };
  },
};

export const EXPIRY_SHAPES = { single, stack };

async function openPostgres(opened: AsyncDisposableStack, dataDir: string) {
  const { url } = opened.adopt(await startEmbeddedPostgres({ dataDir }), stop);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  opened.defer(() => client.end());
  const store = await openPostgresEventStore({ url, logger, migrate: true, maxWriters: 2 });
  opened.defer(() => store.close());
  return { client, store };
}

async function insertInSteps(
  rows: number,
  tell: (rows: number) => void,
  insert: (first: number, last: number) => unknown,
): Promise<void> {
  for (let done = 0; done < rows; ) {
    const last = Math.min(rows, done + ROWS_A_STATEMENT);
    await insert(done + 1, last);
    done = last;
    tell(done);
  }
}
