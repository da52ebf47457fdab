/**
 * docs/decisions/0001: what the payload column is made of.
 *
 *   DATABASE_URL=postgres://... node load/decisions/postgres-payload-column.ts
 */
import { connectScratch, createBatchMaker, takeTurns } from "./measuring.ts";

const TYPES = ["json", "jsonb", "text"] as const;
const ROUNDS = 31;
const SPELLINGS = ["12345678901234567890", "0.1000000000000000055", "1.0", "1e2", '{"b":1,"a":2}', '{"a":1,"a":2}'];

const client = await connectScratch("measuring_payload");
try {
  for (const type of TYPES) await client.query(createTable(type));
  const shape = { frames: 1, eventsPerFrame: 1_000, duplicateRate: 0, topics: 5 };
  console.log("insert, batches of 1,000 events");
  const inserts = TYPES.map((type) => ({ name: type, run: createInsert(type, createBatchMaker(shape)) }));
  console.table(await takeTurns(inserts, ROUNDS));

  console.log("one member of every payload");
  console.table(
    await takeTurns(
      TYPES.map((type) => ({ name: type, run: () => readMember(type) })),
      7,
    ),
  );

  console.log("comparing a copy of equal bytes, and one spelled otherwise");
  const ways = [
    { name: "text first, jsonb where it differs; equal bytes", run: () => compare(false, true) },
    { name: "jsonb always; equal bytes", run: () => compare(false, false) },
    { name: "text first, jsonb where it differs; other spelling", run: () => compare(true, true) },
  ];
  console.table(await takeTurns(ways, 7));

  for (const type of TYPES) {
    const { rows } = await client.query(
      `SELECT pg_total_relation_size('events_${type}') / count(*) AS bytes FROM events_${type}`,
    );
    const back: string[] = [];
    for (const text of SPELLINGS) back.push((await client.query(`SELECT ($1::${type})::text AS t`, [text])).rows[0].t);
    console.log(type, "bytes a row with indexes:", rows[0].bytes, "comes back as:", back.join("  "));
  }
} finally {
  await client.query("DROP SCHEMA measuring_payload CASCADE");
  await client.end();
}

function createTable(type: string): string {
  return `CREATE TABLE events_${type} (tx bigint, ord integer, topic text COLLATE "C", event_id text COLLATE "C",
    "timestamp" timestamptz, source text COLLATE "C", payload ${type}, PRIMARY KEY (topic, event_id))`;
}

function createInsert(type: string, nextBatch: ReturnType<typeof createBatchMaker>): () => Promise<number> {
  return async () => {
    const { events } = nextBatch();
    await client.query({
      name: `insert_${type}`,
      text: `INSERT INTO events_${type}
        SELECT pg_current_xact_id()::text::bigint, ordinal, topic, event_id, "timestamp", source, payload
        FROM ROWS FROM (json_to_recordset($1) AS (topic text COLLATE "C", event_id text COLLATE "C",
          "timestamp" timestamptz, source text COLLATE "C", payload ${type === "text" ? "text" : type}))
          WITH ORDINALITY AS e (topic, event_id, "timestamp", source, payload, ordinal)
        ORDER BY topic, event_id, ordinal ON CONFLICT DO NOTHING`,
      values: [events],
    });
    return 1_000;
  };
}

async function readMember(type: string): Promise<number> {
  const column = type === "text" ? "payload::json" : "payload";
  const { rows } = await client.query(`SELECT count(${column} ->> 'user_id') AS n FROM events_${type}`);
  return Number(rows[0].n);
}

async function compare(isSpelledOtherwise: boolean, comparesTextFirst: boolean): Promise<number> {
  const copy = isSpelledOtherwise ? "(payload::text || ' ')::json" : "payload";
  const differs = "copy::jsonb IS DISTINCT FROM payload::jsonb";
  const { rows } = await client.query(
    `SELECT count(*) AS n, count(*) FILTER (WHERE ${
      comparesTextFirst ? `CASE WHEN copy::text = payload::text THEN false ELSE ${differs} END` : differs
    }) FROM (SELECT payload, ${copy} AS copy FROM events_json OFFSET 0) AS pairs`,
  );
  return Number(rows[0].n);
}
