/**
 * docs/decisions/0002: what orders a forward walk, what its indexes cost, and whether pages stay fast at depth.
 *
 *   DATABASE_URL=postgres://... node load/decisions/postgres-forward-cursor.ts
 */
import pg from "pg";
import { connectScratch, createBatchMaker, takeTurns } from "./measuring.ts";

const ROUNDS = 41;
const BATCH = 1_000;
const INDEXES: Record<string, string[]> = {
  none: [],
  position: ["(tx, ord)"],
  topics: ["(tx, ord)", "(topic, tx, ord)"],
};

const client = await connectScratch("measuring_cursor");
try {
  const shape = { frames: 1, eventsPerFrame: BATCH, duplicateRate: 0, topics: 5 };
  const variants = [];
  for (const [name, indexes] of Object.entries(INDEXES)) {
    await client.query(`CREATE TABLE events_${name} (tx bigint, ord integer, id bigint GENERATED ALWAYS AS IDENTITY,
      topic text COLLATE "C", event_id text COLLATE "C", source text, payload json, PRIMARY KEY (topic, event_id))`);
    for (const columns of indexes) await client.query(`CREATE INDEX ON events_${name} ${columns}`);
    const nextBatch = createBatchMaker(shape);
    variants.push({
      name: `indexes: ${["(topic, event_id)", ...indexes].join(", ")}`,
      run: () => insert(name, nextBatch().events),
    });
  }
  console.log("insert, batches of 1,000 events");
  console.table(await takeTurns(variants, ROUNDS));

  await client.query("ANALYZE events_topics");
  const { rows } = await client.query("SELECT min(tx) AS first, max(tx) AS last, count(*) AS n FROM events_topics");
  const { first, last, n } = rows[0];
  const middle = (BigInt(first) + BigInt(last)) / 2n;
  console.log(`pages of 100 from ${n} events, pages a second`);
  const horizon = "tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint";
  const pages = [
    { name: "keyset, at the start", run: () => page(`${horizon} AND (tx, ord) > (0, 0)`) },
    { name: "keyset, in the middle", run: () => page(`${horizon} AND (tx, ord) > (${middle}, 0)`) },
    {
      name: "keyset, one topic, in the middle",
      run: () => page(`${horizon} AND topic = 'topic.1' AND (tx, ord) > (${middle}, 0)`),
    },
    { name: "OFFSET, in the middle", run: () => page("true", Number(n) / 2) },
  ];
  console.table(await takeTurns(pages, 31));
  await showSkip();
} finally {
  await client.query("DROP SCHEMA measuring_cursor CASCADE");
  await client.end();
}

async function insert(name: string, events: Buffer): Promise<number> {
  await client.query({
    name: `insert_${name}`,
    text: `INSERT INTO events_${name} (tx, ord, topic, event_id, source, payload)
      SELECT pg_current_xact_id()::text::bigint, ordinal, topic, event_id, source, payload
      FROM ROWS FROM (json_to_recordset($1) AS (topic text COLLATE "C", event_id text COLLATE "C", source text, payload json))
        WITH ORDINALITY AS e (topic, event_id, source, payload, ordinal)
      ORDER BY topic, event_id, ordinal ON CONFLICT DO NOTHING`,
    values: [events],
  });
  return BATCH;
}

async function page(where: string, offset = 0): Promise<number> {
  await client.query(`SELECT * FROM events_topics WHERE ${where} ORDER BY tx, ord LIMIT 100 OFFSET ${offset}`);
  return 1;
}

/** Two writers, the first to begin is the last to commit; a walker looks in between and again at the end. */
async function showSkip(): Promise<void> {
  const slow = new pg.Client({
    connectionString: process.env.DATABASE_URL,
    options: "-c search_path=measuring_cursor",
  });
  await slow.connect();
  await client.query("TRUNCATE events_topics");
  const put = (on: pg.Client, id: string) =>
    on.query(
      `INSERT INTO events_topics (tx, ord, topic, event_id) VALUES (pg_current_xact_id()::text::bigint, 1, 't', $1)`,
      [id],
    );
  await slow.query("BEGIN");
  await put(slow, "slow");
  await put(client, "quick");
  const walks = {
    sequence: { column: "id", bound: "true" },
    "transaction id below the horizon": {
      column: "tx",
      bound: "tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint",
    },
  };
  const met: Record<string, string[]> = {};
  const positions: Record<string, string> = {};
  const walk = async () => {
    for (const [name, { column, bound }] of Object.entries(walks)) {
      const { rows } = await client.query(
        `SELECT event_id, ${column} AS at FROM events_topics WHERE ${bound} AND ${column} > $1 ORDER BY ${column}`,
        [positions[name] ?? "0"],
      );
      met[name] = [...(met[name] ?? []), ...rows.map((row) => row.event_id)];
      positions[name] = rows.at(-1)?.at ?? positions[name] ?? "0";
    }
  };
  await walk();
  await slow.query("COMMIT");
  await walk();
  await slow.end();
  console.log("a walk by each order met:", met);
}
