/**
 * docs/decisions/0004: how a payload goes while its event's identity stays.
 *
 *   DATABASE_URL=postgres://... node load/decisions/postgres-payload-expiry.ts
 */
import { connectScratch, createBatchMaker, takeTurns } from "./measuring.ts";

const BATCH = 1_000;
const BATCHES = 30;
const EXPIRED_AT_ONCE = 5_000;

const EVENT = 'topic text COLLATE "C", event_id text COLLATE "C"';
const client = await connectScratch("measuring_expiry");
try {
  await client.query(
    `CREATE TABLE in_place (tx bigint, ord integer, ${EVENT}, payload json, PRIMARY KEY (topic, event_id))`,
  );
  await client.query("CREATE INDEX ON in_place (tx, ord)");
  for (const name of ["apart", "parted"]) {
    await client.query(`CREATE TABLE ${name} (tx bigint, ord integer, ${EVENT}, PRIMARY KEY (topic, event_id))`);
    await client.query(`CREATE INDEX ON ${name} (tx, ord)`);
  }
  await client.query("CREATE TABLE apart_payloads (tx bigint, ord integer, payload json, PRIMARY KEY (tx, ord))");
  await client.query(
    "CREATE TABLE parted_payloads (day date, tx bigint, ord integer, payload json, PRIMARY KEY (day, tx, ord)) PARTITION BY RANGE (day)",
  );
  await client.query(
    "CREATE TABLE parted_payloads_1 PARTITION OF parted_payloads FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
  );

  const shape = { frames: 1, eventsPerFrame: BATCH, duplicateRate: 0, topics: 5 };
  const makers = [1, 2, 3].map(() => createBatchMaker(shape));
  const inserts = [
    { name: "one table, payload inside", run: () => insert("in_place", "", makers[0]?.()) },
    {
      name: "payload in a table of its own",
      run: () => insert("apart", "apart_payloads (tx, ord, payload)", makers[1]?.()),
    },
    {
      name: "payload in a table by day",
      run: () => insert("parted", "parted_payloads (day, tx, ord, payload)", makers[2]?.()),
    },
  ];
  console.log("insert, batches of 1,000 events");
  console.table(await takeTurns(inserts, BATCHES));

  console.log("pages of 100 with payloads, pages a second");
  const reads = [
    { name: "one table", run: () => ask("SELECT * FROM in_place ORDER BY tx DESC, ord DESC LIMIT 100") },
    {
      name: "joined",
      run: () =>
        ask("SELECT * FROM apart LEFT JOIN apart_payloads USING (tx, ord) ORDER BY tx DESC, ord DESC LIMIT 100"),
    },
  ];
  console.table(await takeTurns(reads, 15));

  const sizeBefore = await sizes();
  console.log(`expiring, ${EXPIRED_AT_ONCE} at once, payloads a second`);
  const oldest = (table: string) => `SELECT ctid FROM ${table} ORDER BY tx, ord LIMIT ${EXPIRED_AT_ONCE}`;
  const expiries = [
    {
      name: "UPDATE ... SET payload = NULL",
      run: () =>
        ask(
          `UPDATE in_place SET payload = NULL WHERE ctid IN (SELECT ctid FROM in_place WHERE payload IS NOT NULL ORDER BY tx, ord LIMIT ${EXPIRED_AT_ONCE})`,
        ),
    },
    {
      name: "DELETE from the payloads",
      run: () => ask(`DELETE FROM apart_payloads WHERE ctid IN (${oldest("apart_payloads")})`),
    },
  ];
  console.table(await takeTurns(expiries, 3));
  const startedAt = performance.now();
  await client.query("DROP TABLE parted_payloads_1");
  console.log(`DROP of a day: ${(performance.now() - startedAt).toFixed(1)} ms, whatever it holds`);
  await client.query("UPDATE in_place SET payload = NULL WHERE payload IS NOT NULL");
  await client.query("DELETE FROM apart_payloads");
  await client.query("VACUUM in_place");
  await client.query("VACUUM apart, apart_payloads");
  console.log("megabytes full, and with every payload expired and vacuumed", sizeBefore, await sizes());
} finally {
  await client.query("DROP SCHEMA measuring_expiry CASCADE");
  await client.end();
}

async function insert(table: string, payloads: string, batch: { events: Buffer } | undefined): Promise<number> {
  const columns = `tx, ord, topic, event_id${payloads ? "" : ", payload"}`;
  const given = `SELECT pg_current_xact_id()::text::bigint AS tx, ordinal AS ord, e.* FROM ROWS FROM (json_to_recordset($1)
    AS (${EVENT}, payload json)) WITH ORDINALITY AS e (topic, event_id, payload, ordinal)`;
  const day = payloads.includes("day") ? "DATE '2025-10-23', " : "";
  const store = (from: string) =>
    `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${from} ORDER BY topic, event_id ON CONFLICT DO NOTHING`;
  const text = payloads
    ? `WITH given AS MATERIALIZED (${given}), stored AS (${store("given")} RETURNING tx, ord)
       INSERT INTO ${payloads} SELECT ${day}tx, ord, payload FROM stored JOIN given USING (tx, ord)`
    : store(`(${given}) given`);
  await client.query({ name: table, text, values: [batch?.events] });
  return BATCH;
}

async function ask(text: string): Promise<number> {
  const { rowCount, command } = await client.query(text);
  return command === "SELECT" ? 1 : (rowCount ?? 0);
}

async function sizes(): Promise<Record<string, string>> {
  const { rows } = await client.query(`SELECT round(pg_total_relation_size('in_place') / 1e6, 1) AS "inPlace",
    round((pg_total_relation_size('apart') + pg_total_relation_size('apart_payloads')) / 1e6, 1) AS "apart"`);
  return rows[0];
}
