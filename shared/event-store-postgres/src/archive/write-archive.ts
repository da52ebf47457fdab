import {
  ARCHIVE_TABLES,
  type ArchiveKind,
  type ArchiveRows,
  type ArchiveTable,
  type ArchiveTableName,
} from "@tidemark/event-store/archive/archive-tables";
import type { Audit } from "@tidemark/event-store/audit";
import { type Transaction, withSession } from "../connection/session.ts";
import { recount } from "../maintain/audit.ts";
import { migrate } from "../schema/migrate.ts";
import { raisePositions } from "../schema/position-base.ts";

export interface ImportOptions {
  url: string;
  /** Whether the rows of a database that is not empty may be replaced. */
  replace: boolean;
  /** Reads the rows. Called again when the server rolls the transaction back in favour of another. */
  readRows: () => AsyncIterable<ArchiveRows>;
  /** Checks the recount of the new rows. If it throws, nothing is changed. */
  check: (audit: Audit) => void;
}

/** The time that a statement waits for another process that locks the tables. */
const LOCK_TIMEOUT = "10s";
/** The slot of the counters of an archive. No connection takes it. */
const SLOT = -1;

/**
 * Fills a database with the rows of an archive, in one transaction and in constant memory. It creates or updates the
 * tables first, so the role must own them.
 *
 * @throws {Error} if the database holds rows and `replace` is not set
 * @throws {Unavailable} `store_unreachable`
 */
export async function importPostgres({ url, replace, readRows, check }: ImportOptions): Promise<Audit> {
  const settings = `-c lock_timeout=${LOCK_TIMEOUT} -c plan_cache_mode=force_custom_plan`;
  const options = { url, applicationName: "tidemark-archive", timeoutMs: 0, settings };
  return withSession(options, async (session) => {
    await migrate(session);
    return session.transaction(async (transaction) => {
      await emptyTables(transaction, { replace });
      for await (const { table, rows } of readRows()) await insertRows(transaction, table, rows);
      await addTotals(transaction);
      await raisePositions(transaction);
      const audit = await recount(transaction);
      check(audit);
      return audit;
    });
  });
}

async function emptyTables(transaction: Transaction, { replace }: { replace: boolean }): Promise<void> {
  const names = [...ARCHIVE_TABLES.map(({ name }) => name), "book_totals", "topics", "sources", "last_audit"];
  await transaction.query(`LOCK TABLE ${names.join(", ")} IN ACCESS EXCLUSIVE MODE`);
  const { rowCount: isFilled } = await transaction.query("SELECT FROM topic_counters LIMIT 1");
  if (isFilled && !replace) throw new Error("the database holds events; --replace deletes them before the import");
  await transaction.query(`TRUNCATE ${names.join(", ")}`);
  await transaction.query("UPDATE payload_expiry SET tx = 0, ord = 0"); // the expiry of payloads begins again at the first event
}

async function insertRows(transaction: Transaction, name: ArchiveTableName, rows: string[]): Promise<void> {
  const table = ARCHIVE_TABLES.find((known) => known.name === name);
  if (table === undefined) throw new Error(`the archive has a table that this version does not know: ${name}`);
  await transaction.query({ name: `import-${name}`, text: INSERTS[name] ?? insertOf(table) }, [`[${rows.join(",")}]`]);
}

/** Each table has one statement for any number of rows, so that a changing number does not need another plan. */
function insertOf({ name, columns }: ArchiveTable): string {
  const names = Object.keys(columns);
  const values = Object.entries(columns).map(([column, kind]) => columnValue(column, kind));
  const { columns: further = [], values: furtherValues = [], overriding = "" } = FURTHER[name] ?? {};
  return `INSERT INTO ${name} (${[...names, ...further].map(quote).join(", ")}) ${overriding}
    SELECT ${[...values, ...furtherValues].join(", ")} FROM ${recordset(columns)}`;
}

interface Further {
  columns?: string[];
  values?: string[];
  overriding?: string;
}

/** Texts of more than 64 KiB are measured when they are stored, as by the function that applies a batch. */
const MEASURED = ["payload", "attributes"].flatMap((column) => {
  const measured = `CASE WHEN octet_length(archived.${column}) > 65536 THEN measure_json(archived.${column}::json) END`;
  return ["size", "value"].map((part) => ({ column: `${column}_${part}`, value: `(${measured}).${part}` }));
});

const FURTHER: Record<string, Further> = {
  events: { columns: MEASURED.map(({ column }) => column), values: MEASURED.map(({ value }) => value) },
  dead_letters: { overriding: "OVERRIDING SYSTEM VALUE" },
  topic_counters: { columns: ["slot"], values: [String(SLOT)] },
  frame_counters: { columns: ["slot"], values: [String(SLOT)] },
  history: { columns: ["slot"], values: [String(SLOT)] },
  topic_history: { columns: ["slot"], values: [String(SLOT)] },
};

const AGES = [0, 1, 2, 3, 4, 5];

/** An archive has no ages of conflicts, and the API shows them only by source, so one row has all of them. */
const INSERTS: Record<string, string> = {
  source_counters: `INSERT INTO source_counters (slot, source, age, duplicates, conflicts)
    SELECT ${SLOT}, source, age, counted, CASE WHEN rank = 1 THEN conflicts ELSE 0 END
    FROM (
      SELECT source, age, counted, conflicts, row_number() OVER (PARTITION BY source ORDER BY counted DESC, age) AS rank
      FROM json_to_recordset($1::json) AS archived (source text, duplicates bigint, conflicts bigint,
          ${AGES.map((age) => `age_${age} bigint`).join(", ")})
        CROSS JOIN LATERAL (VALUES ${AGES.map((age) => `(${age}, age_${age})`).join(", ")}) AS ages (age, counted)
      WHERE counted > 0
    ) AS ranked`,
  subscriptions: `INSERT INTO subscriptions (name, topic, topic_prefix, tx, ord, acknowledged, last_page, created_at, updated_at)
    SELECT name, topic, topic_prefix, coalesce(passed.tx, 0), coalesce(passed.ord, 0), acknowledged, last_page, created_at,
      updated_at
    FROM json_to_recordset($1::json) AS archived (name text, topic text, topic_prefix text, passed_events bigint,
        acknowledged bigint, last_page text, created_at timestamptz, updated_at timestamptz)
      LEFT JOIN LATERAL (
        SELECT tx, ord FROM events WHERE passed_events > 0 ORDER BY tx, ord OFFSET greatest(passed_events - 1, 0) LIMIT 1
      ) AS passed ON true`,
};

const TYPES: Record<ArchiveKind, string> = {
  text: "text",
  integer: "bigint",
  boolean: "boolean",
  instant: "timestamptz",
  json: "text",
  bytes: "text",
};

function recordset(columns: ArchiveTable["columns"]): string {
  const typed = Object.entries(columns).map(([name, kind]) => `${quote(name)} ${TYPES[kind]}`);
  return `json_to_recordset($1::json) AS archived (${typed.join(", ")})`;
}

function columnValue(name: string, kind: ArchiveKind): string {
  const value = `archived.${quote(name)}`;
  if (kind === "json") return `${value}::json`;
  if (kind === "bytes") return `decode(${value}, 'base64')`;
  if (name === "frame_id") return `${value}::uuid`;
  return value;
}

function quote(name: string): string {
  return `"${name}"`;
}

/** Adds the values that the store derives from its other tables. */
async function addTotals(transaction: Transaction): Promise<void> {
  await transaction.query(
    `INSERT INTO topics (topic, magnitude)
     SELECT topic, magnitude_of(stored + duplicates + dead_lettered) FROM topic_counters`,
  );
  await transaction.query(
    "INSERT INTO sources (source, magnitude) SELECT source, magnitude_of(sum(duplicates)) FROM source_counters GROUP BY source",
  );
  await transaction.query(
    `INSERT INTO book_totals (slot, stored, duplicates, conflicts, dead_lettered, topics, sources)
     SELECT ${SLOT}, sum(stored), sum(duplicates), sum(conflicts), sum(dead_lettered), count(*),
       (SELECT count(*) FROM sources)
     FROM topic_counters HAVING count(*) > 0`,
  );
  await transaction.query(
    "SELECT setval(pg_get_serial_sequence('dead_letters', 'id'), max(id)) FROM dead_letters HAVING count(*) > 0",
  );
}
