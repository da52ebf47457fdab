/**
 * docs/decisions/0003: what exact counters cost, by one connection and by two.
 *
 *   DATABASE_URL=postgres://... node load/decisions/postgres-counters.ts
 */
import pg from "pg";
import { connectScratch, createBatchMaker, takeTurns } from "./measuring.ts";

const ROUNDS = 21;
const BATCH = 1_000;
type Counting = "none" | "slots" | "shared" | "counted";

const client = await connectScratch("measuring_counters");
const second = new pg.Client({
  connectionString: process.env.DATABASE_URL,
  options: "-c search_path=measuring_counters",
});
await second.connect();
const connections = [client, second];
try {
  await client.query(`CREATE TABLE counters (slot integer, topic text COLLATE "C", events bigint,
    PRIMARY KEY (slot, topic)) WITH (fillfactor = 50)`);
  for (const topics of [5, 1_000]) {
    for (const writers of [1, 2]) {
      const variants = [];
      for (const counting of ["none", "slots", "shared"] as const) {
        const table = `events_${counting}_${topics}_${writers}`;
        await client.query(`CREATE TABLE ${table} (topic text COLLATE "C", event_id text COLLATE "C", payload json,
          PRIMARY KEY (topic, event_id))`);
        const makers = connections.slice(0, writers).map((on, slot) => {
          const nextBatch = createBatchMaker({ frames: 1, eventsPerFrame: BATCH, duplicateRate: 0, topics }, slot);
          return () => apply(on, table, counting, slot, nextBatch().events);
        });
        variants.push({
          name: counting,
          run: async () => (await Promise.all(makers.map((make) => make()))).reduce((sum, done) => sum + done, 0),
        });
      }
      console.log(`${topics} topics a batch of ${BATCH} events, ${writers} connection(s)`);
      console.table(await takeTurns(variants, ROUNDS));
    }
  }
  console.log("reading the totals, times a second");
  const { rows } = await client.query("SELECT count(*) AS n FROM events_none_5_1");
  const reads = [
    { name: "sum of the counters", run: () => read("SELECT sum(events) FROM counters") },
    {
      name: `count of ${rows[0].n} events`,
      run: () => read("SELECT topic, count(*) FROM events_none_5_1 GROUP BY topic"),
    },
  ];
  console.table(await takeTurns(reads, ROUNDS));
} finally {
  await client.query("DROP SCHEMA measuring_counters CASCADE");
  await Promise.all(connections.map((connection) => connection.end()));
}

async function apply(on: pg.Client, table: string, counting: Counting, slot: number, events: Buffer): Promise<number> {
  const insert = `INSERT INTO ${table} SELECT * FROM json_to_recordset($1)
    AS e (topic text COLLATE "C", event_id text COLLATE "C", payload json)
    ORDER BY topic, event_id ON CONFLICT DO NOTHING`;
  const row = counting === "slots" ? slot : -1;
  const text =
    counting === "none"
      ? insert
      : `WITH stored AS (${insert} RETURNING topic) INSERT INTO counters SELECT ${row}, topic, count(*) FROM stored
         GROUP BY topic ORDER BY topic
         ON CONFLICT (slot, topic) DO UPDATE SET events = counters.events + excluded.events`;
  await on.query({ name: `${table}_${slot}`, text, values: [events] });
  return BATCH;
}

async function read(text: string): Promise<number> {
  await client.query(text);
  return 1;
}
