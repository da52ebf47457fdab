import type pg from "pg";
import { HISTORY } from "../read/positions.ts";
import { CREATE_APPLY_FRAMES_1, CREATE_EVENT_COPY } from "./apply-function.ts";

// Any constant will do, as long as every release uses the same one.
const MIGRATION_LOCK = 7_305_804_402_565_173_249n;

/** Append only: a database that ran one of these never runs it again. */
const MIGRATIONS: { name: string; statements: string[] }[] = [
  {
    name: "0001-books",
    statements: [
      // Identity is a matter of bytes, and an index in "C" order survives a change of the system's collations.
      // payload: json keeps the producer's text to the digit (docs/decisions/0001); NULL once it has expired (0004).
      `CREATE TABLE events (
        tx bigint NOT NULL,
        processed_at timestamptz NOT NULL,
        "timestamp" timestamptz NOT NULL,
        ord integer NOT NULL,
        topic text COLLATE "C" NOT NULL,
        event_id text COLLATE "C" NOT NULL,
        source text COLLATE "C" NOT NULL,
        payload json CHECK (json_typeof(payload) = 'object'),
        attributes json CHECK (json_typeof(attributes) = 'object'),
        payload_expired_at timestamptz,
        is_timestamp_filled boolean, -- true where the producer gave no time; else NULL, which takes no room
        PRIMARY KEY (topic, event_id)
      )`,
      "CREATE INDEX events_by_position ON events (tx, ord)",
      "CREATE INDEX events_by_topic_and_position ON events (topic, tx, ord)",
      `CREATE TABLE duplicates (
        tx bigint NOT NULL,
        received_at timestamptz NOT NULL,
        first_processed_at timestamptz NOT NULL,
        ord integer NOT NULL,
        is_conflict boolean NOT NULL,
        topic text COLLATE "C" NOT NULL,
        event_id text COLLATE "C" NOT NULL,
        source text COLLATE "C" NOT NULL,
        "timestamp" timestamptz,
        payload json,
        attributes json,
        PRIMARY KEY (tx, ord)
      )`,
      // The ledger. Its key is the frame's id: a recreated log counts its sequences from 1 again.
      `CREATE TABLE frames (
        frame_id uuid PRIMARY KEY,
        sequence bigint NOT NULL,
        tx bigint NOT NULL,
        received_at timestamptz NOT NULL,
        processed_at timestamptz NOT NULL,
        events integer NOT NULL,
        incarnation text COLLATE "C" NOT NULL,
        verdicts text COLLATE "C" NOT NULL
      )`,
      "CREATE INDEX frames_by_sequence ON frames (incarnation, sequence)",
      // Further places in the log of a frame that the ledger knows: they add no event to the books.
      `CREATE TABLE frame_copies (
        incarnation text COLLATE "C" NOT NULL,
        sequence bigint NOT NULL,
        frame_id uuid NOT NULL,
        events integer NOT NULL,
        processed_at timestamptz NOT NULL,
        PRIMARY KEY (incarnation, sequence)
      )`,
      // One row per consumer slot and topic (docs/decisions/0003). Half-empty pages keep the updates inside their page.
      `CREATE TABLE counters (
        slot integer NOT NULL,
        topic text COLLATE "C" NOT NULL,
        unique_events bigint NOT NULL DEFAULT 0,
        duplicates bigint NOT NULL DEFAULT 0,
        conflicts bigint NOT NULL DEFAULT 0,
        dead bigint NOT NULL DEFAULT 0,
        last_processed_at timestamptz NOT NULL,
        -- Of those above, what is no longer on record: a recount needs it.
        duplicates_pruned bigint NOT NULL DEFAULT 0,
        conflicts_pruned bigint NOT NULL DEFAULT 0,
        dead_deleted bigint NOT NULL DEFAULT 0,
        PRIMARY KEY (slot, topic)
      ) WITH (fillfactor = 50)`,
      // Who sends copies, and how late: age is which of AGE_BOUNDS_SECONDS the copy came within, from 0.
      `CREATE TABLE source_counters (
        slot integer NOT NULL,
        source text COLLATE "C" NOT NULL,
        age smallint NOT NULL,
        duplicates bigint NOT NULL,
        conflicts bigint NOT NULL,
        PRIMARY KEY (slot, source, age)
      ) WITH (fillfactor = 50)`,
      // How many places of a log have a row in frames or frame_copies, or had one before they were pruned.
      `CREATE TABLE frame_counters (
        slot integer NOT NULL,
        incarnation text COLLATE "C" NOT NULL,
        frames bigint NOT NULL,
        PRIMARY KEY (slot, incarnation)
      ) WITH (fillfactor = 50)`,
      // bytea: what text cannot hold is among the reasons for being here.
      `CREATE TABLE dead_letters (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        received_at timestamptz NOT NULL,
        dead_at timestamptz NOT NULL,
        events integer NOT NULL,
        attempts integer NOT NULL,
        ordinal integer, -- which of the frame's events it is, from 0; NULL for a whole frame
        frame_id uuid NOT NULL,
        topic text COLLATE "C", -- NULL where it could not be read
        code text COLLATE "C" NOT NULL,
        reason text COLLATE "C" NOT NULL,
        content bytea NOT NULL
      )`,
      "CREATE INDEX dead_letters_by_topic ON dead_letters (topic, id)",
      // The last recount, as GET /audit answered it.
      `CREATE TABLE last_audit (
        report json NOT NULL,
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row)
      )`,
      // What a transaction id is added to, see postgres-positions.ts.
      `CREATE TABLE positions (
        base bigint NOT NULL,
        history text NOT NULL,
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row)
      )`,
      `INSERT INTO positions (base, history) SELECT 0, ${HISTORY}`,
      CREATE_EVENT_COPY,
      CREATE_APPLY_FRAMES_1,
    ],
  },
];

/**
 * Brings the tables up to date, in one transaction. Replicas that start at once wait for each other; migrations of a
 * newer release are left alone.
 */
export async function migratePostgres(client: pg.ClientBase): Promise<string[]> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await client.query(
      "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL)",
    );
    const { rows } = await client.query<{ name: string }>("SELECT name FROM migrations");
    const applied = new Set(rows.map((row) => row.name));
    const missing = MIGRATIONS.filter(({ name }) => !applied.has(name));
    for (const { name, statements } of missing) {
      for (const statement of statements) await client.query(statement);
      await client.query("INSERT INTO migrations (name, applied_at) VALUES ($1, now())", [name]);
    }
    await client.query("COMMIT");
    return missing.map(({ name }) => name);
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined); // the connection may be gone: the first error says so
    throw error;
  }
}
