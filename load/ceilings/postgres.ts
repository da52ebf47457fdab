import { randomBytes } from "node:crypto";
import pg from "pg";
import { copyIn } from "./postgres-copy.ts";
import { createBatches, measureRows, ROWS_A_BATCH, type Row, type RowBatch } from "./row-batches.ts";

/**
 * A way to insert rows over one connection into a copy of the events table, without ledger, counters and
 * verdicts. The fastest way is the ceiling.
 */
interface Way {
  name: string;
  prepare(batch: RowBatch): unknown[];
  /** Inserts the values that `prepare` returned into a separate table. */
  insert(client: pg.Client, table: string, values: unknown[]): Promise<unknown>;
}

const COLUMNS = `(tx, processed_at, ord, topic, event_id, "timestamp", source, payload)`;

const viaStatement = (name: string, text: (table: string) => string) => {
  return (client: pg.Client, table: string, values: unknown[]) => client.query({ name, text: text(table), values });
};

const WAYS: Way[] = [
  {
    name: "json_to_recordset",
    prepare: ({ number, text }) => [number, text],
    insert: viaStatement("by_json", (table) => insertJson(table, "")),
  },
  {
    name: "json_to_recordset, sorted by key",
    prepare: ({ number, text }) => [number, text],
    insert: viaStatement("by_json_sorted", (table) => insertJson(table, "ORDER BY topic, event_id")),
  },
  {
    name: "unnest of arrays",
    prepare: (batch) => {
      const rows = batch.rows();
      return [batch.number, ...FIELDS.map((field) => arrayLiteral(rows.map((row) => row[field])))];
    },
    insert: viaStatement(
      "by_arrays",
      (table) => `INSERT INTO ${table} ${COLUMNS}
        SELECT $1, now(), ordinal, topic, event_id, "timestamp", source, payload
        FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::json[])
          WITH ORDINALITY AS given (topic, event_id, "timestamp", source, payload, ordinal)
        ON CONFLICT DO NOTHING`,
    ),
  },
  {
    name: "VALUES of 1,000 rows",
    prepare: (batch) => [batch.number, ...batch.rows().flatMap((row) => FIELDS.map((field) => row[field]))],
    insert: viaStatement(
      "by_values",
      (table) => `INSERT INTO ${table} ${COLUMNS} VALUES ${VALUES_OF_ALL_ROWS} ON CONFLICT DO NOTHING`,
    ),
  },
  {
    name: "COPY, then INSERT",
    prepare: (batch) => [
      batch.number,
      Buffer.from(batch.rows().reduce((text, row, index) => `${text}${index + 1}\t${copyLine(row)}\n`, "")),
    ],
    insert: (client, table, [number, rows]) =>
      copyIn(
        client,
        `BEGIN; COPY given FROM STDIN;
         INSERT INTO ${table} ${COLUMNS} SELECT ${number}, now(), * FROM given ON CONFLICT DO NOTHING;
         COMMIT`,
        rows as Buffer,
      ),
  },
];

function insertJson(table: string, order: string): string {
  return `INSERT INTO ${table} ${COLUMNS}
    SELECT $1, now(), ordinal, topic, event_id, "timestamp", source, payload
    FROM ROWS FROM (json_to_recordset($2) AS (topic text COLLATE "C", event_id text COLLATE "C",
      "timestamp" timestamptz, source text COLLATE "C", payload json))
      WITH ORDINALITY AS given (topic, event_id, "timestamp", source, payload, ordinal)
    ${order} ON CONFLICT DO NOTHING`;
}

const FIELDS = ["topic", "event_id", "timestamp", "source", "payload"] as const;

const VALUES_OF_ALL_ROWS = Array.from({ length: ROWS_A_BATCH }, (_, row) => {
  const fields = FIELDS.map((_field, index) => `$${2 + row * FIELDS.length + index}`);
  return `($1, now(), ${row + 1}, ${fields.join(", ")})`;
}).join(", ");

// The sample events contain neither tabs nor backslashes.
const copyLine = (row: Row): string => FIELDS.map((field) => row[field]).join("\t");

/** Writes an array of text for PostgreSQL; the quotes of JSON are sufficient. */
const arrayLiteral = (texts: string[]): string => `{${texts.map((text) => JSON.stringify(text)).join(",")}}`;

export interface CeilingFigure {
  name: string;
  perSecond: number;
}

/**
 * Measures rows per second offered by each way for `seconds`, into new tables made `LIKE events INCLUDING ALL` in a
 * database that Tidemark has migrated.
 */
export async function measurePostgres(url: string, seconds: number, duplicateRate: number): Promise<CeilingFigure[]> {
  const client = new pg.Client({ connectionString: url, options: "-c timezone=UTC -c synchronous_commit=on" });
  await client.connect();
  try {
    await client.query("CREATE SCHEMA ceilings");
    await client.query(`CREATE TEMP TABLE given (ord integer, topic text COLLATE "C", event_id text COLLATE "C",
      "timestamp" timestamptz, source text COLLATE "C", payload json) ON COMMIT DELETE ROWS`);
    const figures: CeilingFigure[] = [];
    for (const [index, { name, prepare, insert }] of WAYS.entries()) {
      const table = `ceilings.events_${index}`;
      await client.query(`CREATE TABLE ${table} (LIKE public.events INCLUDING ALL)`);
      const nextBatch = createBatches(randomBytes(3).toString("hex"), duplicateRate);
      const measure = (duration: number) =>
        measureRows(
          duration,
          () => prepare(nextBatch()),
          (values) => insert(client, table, values),
        );
      await measure(seconds / 5);
      figures.push({ name, perSecond: await measure(seconds) });
    }
    return figures;
  } finally {
    await client.query("DROP SCHEMA IF EXISTS ceilings CASCADE");
    await client.end();
  }
}
