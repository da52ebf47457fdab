/**
 * Ways to apply a batch in one transaction: the one call that the consumer makes, against variants of it.
 *
 *   DATABASE_URL=postgres://... node load/decisions/postgres-transaction.ts
 *
 * The database must have been migrated (start a consumer against it once); it is written to, so take a scratch one.
 */
import type pg from "pg";
import { type BatchShape, connectScratch, createBatchMaker, type SampleBatch, takeTurns } from "./measuring.ts";

const ROUNDS = 31;
const EVENTS_PER_RUN = 1_000;

type Apply = (batch: SampleBatch) => Promise<unknown>;

const client = await connectScratch("measuring_transaction");
const tables = ["events", "duplicates", "frames", "frame_copies", "counters", "source_counters", "frame_counters"];
for (const table of [...tables, "dead_letters", "positions"]) {
  await client.query(`CREATE TABLE ${table} (LIKE public.${table} INCLUDING ALL)`);
}
await client.query("INSERT INTO positions SELECT * FROM public.positions");
const original = await definition(client);
await createVariant("one_call", (text) => text);
await createVariant("ledger_first", ledgerFirst);
await createVariant("parsed_again", parsedAgain);
await createVariant("fewer_counts", fewerCounts);

const ways: { name: string; apply: Apply }[] = [
  { name: "one call", apply: (batch) => call(client, "one_call", batch) },
  { name: "statements between BEGIN and COMMIT", apply: (batch) => roundTrips(client, batch) },
  { name: "ledger row first, verdicts by UPDATE", apply: (batch) => call(client, "ledger_first", batch) },
  { name: "dropped copies parsed again", apply: (batch) => call(client, "parsed_again", batch) },
  { name: "no counts by source and by log", apply: (batch) => call(client, "fewer_counts", batch) },
];
const shapes: BatchShape[] = [
  { frames: 10, eventsPerFrame: 100, duplicateRate: 0, topics: 5 },
  { frames: 10, eventsPerFrame: 100, duplicateRate: 0.25, topics: 5 },
  { frames: 10, eventsPerFrame: 100, duplicateRate: 1, topics: 5 },
  { frames: 32, eventsPerFrame: 1, duplicateRate: 0.25, topics: 5 },
  { frames: 1, eventsPerFrame: 1, duplicateRate: 0.25, topics: 5 },
];
try {
  for (const shape of shapes) {
    const variants = ways.map(({ name, apply }) => ({ name, run: createRun(shape, apply) }));
    console.log(JSON.stringify(shape));
    console.table(await takeTurns(variants, ROUNDS));
  }
} finally {
  await client.query("DROP SCHEMA measuring_transaction CASCADE");
  await client.end();
}

function createRun(shape: BatchShape, apply: Apply): () => Promise<number> {
  const nextBatch = createBatchMaker(shape);
  const size = shape.frames * shape.eventsPerFrame;
  const batches = Math.max(1, Math.min(30, Math.round(EVENTS_PER_RUN / size)));
  return async () => {
    for (let done = 0; done < batches; done++) await apply(nextBatch());
    return batches * size;
  };
}

async function definition(from: pg.Client): Promise<string> {
  const { rows } = await from.query("SELECT pg_get_functiondef('public.apply_frames_1'::regproc) AS text");
  return rows[0].text;
}

/** Makes a function from the migrated one, which never changes: a changed one would have a new name. */
async function createVariant(name: string, change: (text: string) => string): Promise<void> {
  await client.query(change(original).replace("public.apply_frames_1", name));
}

function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`the function has no ${from}`);
  return text.replace(from, to);
}

function ledgerFirst(text: string): string {
  const start = text.indexOf("    WITH entered AS (\n      INSERT INTO frames");
  const end = text.indexOf("    IF ledger_count <>");
  const insert = text.slice(start, end).replace(/CASE WHEN starts[\s\S]*? END,/, "'',");
  const update = `UPDATE frames SET verdicts = CASE WHEN verdicts_so_far IS NULL THEN repeat('s', event_counts[n])
      ELSE encode(substring(verdicts_so_far FROM starts[n]::integer FOR event_counts[n]), 'escape') END
    FROM generate_series(1, body_count) n WHERE frames.frame_id = frame_ids[n];\n`;
  const whenNew = "IF true = ANY (is_new) THEN";
  return replaced(text.slice(0, start) + update + text.slice(end), whenNew, `${whenNew}\n${insert}`);
}

function fewerCounts(text: string): string {
  const bySource = /, sent AS \([\s\S]*?\n {6}\)/.exec(text)?.[0] ?? "";
  const byLog = /, counted AS \(\s*INSERT INTO frame_counters[\s\S]*?\n {4}\)/.exec(text)?.[0] ?? "";
  return replaced(replaced(text, bySource, ""), byLog, "");
}

function parsedAgain(text: string): string {
  const parse = /SELECT topic[^;]*?IS DISTINCT FROM ordinal\)/.exec(text)?.[0] ?? "";
  let changed = replaced(text, "copies event_copy[];", "stored_ordinals bigint[];");
  changed = replaced(changed, "WITH copy AS MATERIALIZED (", "WITH copy AS (");
  const kept = /\(\s*SELECT array_agg\(ROW[^)]*\)::event_copy\)[\s\S]*?copies;/.exec(changed)?.[0] ?? "";
  changed = replaced(changed, kept, "(SELECT array_agg(ord::bigint) FROM stored) INTO stored_count, stored_ordinals;");
  changed = replaced(changed, "IF copies IS NOT NULL THEN", "IF stored_count < expected THEN");
  const again = `(SELECT copy.* FROM (${parse}) copy LEFT JOIN unnest(stored_ordinals) s (o) ON o = ordinal WHERE o IS NULL)`;
  return replaced(changed, "FROM unnest(copies) AS copy", `FROM ${again} AS copy`);
}

async function call(on: pg.Client, name: string, batch: SampleBatch): Promise<void> {
  const { frameIds, eventCounts, starts, events } = batch;
  const origins = frameIds.map(() => "log");
  const times = frameIds.map(() => "2025-10-23T10:00:00Z");
  const end = 1 + eventCounts.reduce((sum, size) => sum + size, 0);
  const values = [frameIds, origins, eventCounts, eventCounts, times, frameIds.length, [...starts, end], events, 0, 10];
  values.push(...Array.from({ length: 6 }, () => [])); // no dead letters
  await on.query({
    name,
    text: `SELECT * FROM ${name}(${values.map((_, index) => `$${index + 1}`).join(", ")})`,
    values,
  });
}

/** The same work by plain statements, each prepared: the batch crosses twice when it holds duplicates. */
async function roundTrips(on: pg.Client, batch: SampleBatch): Promise<void> {
  const { frameIds, eventCounts, starts, events } = batch;
  const parse = `ROWS FROM (json_to_recordset($1) AS (topic text COLLATE "C", event_id text COLLATE "C",
    "timestamp" timestamptz, source text COLLATE "C", payload json, attributes json)) WITH ORDINALITY
    AS copy (topic, event_id, "timestamp", source, payload, attributes, ordinal)`;
  const count = (column: string) => `INSERT INTO counters AS books (slot, topic, ${column}, last_processed_at)
    SELECT 0, topic, count(*), now() FROM changed GROUP BY topic ORDER BY topic ON CONFLICT (slot, topic)
    DO UPDATE SET ${column} = books.${column} + excluded.${column}, last_processed_at = now()`;
  await on.query("BEGIN");
  await on.query({ name: "known", text: "SELECT frame_id FROM frames WHERE frame_id = ANY ($1)", values: [frameIds] });
  const stored = await on.query({
    name: "store",
    text: `WITH changed AS (INSERT INTO events
        (topic, event_id, "timestamp", source, payload, attributes, processed_at, tx, ord)
        SELECT topic, event_id, "timestamp", source, coalesce(payload, '{}'), attributes, now(),
          pg_current_xact_id()::text::bigint, ordinal
        FROM ${parse} ORDER BY topic, event_id, ordinal ON CONFLICT DO NOTHING RETURNING topic, ord),
      counted AS (${count("unique_events")})
      SELECT array_agg(ord::bigint) AS ordinals FROM changed`,
    values: [events],
  });
  const verdicts = Array.from({ length: eventCounts.reduce((sum, size) => sum + size, 0) }, () => "d");
  for (const ordinal of stored.rows[0].ordinals ?? []) verdicts[Number(ordinal) - 1] = "s";
  if (verdicts.includes("d")) {
    await on.query({
      name: "judge",
      text: `WITH changed AS MATERIALIZED (
          SELECT copy.*, first.processed_at AS first_processed_at, copy.source <> first.source
            OR copy."timestamp" <> first."timestamp" OR copy.payload::text <> first.payload::text AS is_conflict
          FROM (SELECT * FROM ${parse} LEFT JOIN unnest($2::bigint[]) AS s (ordinal) USING (ordinal)
                WHERE s.ordinal IS NULL) copy
          CROSS JOIN LATERAL (SELECT * FROM events e WHERE e.topic = copy.topic AND e.event_id = copy.event_id OFFSET 0) first),
        listed AS (INSERT INTO duplicates (tx, ord, topic, event_id, source, received_at, first_processed_at, is_conflict)
          SELECT pg_current_xact_id()::text::bigint, ordinal, topic, event_id, source, now(), first_processed_at, is_conflict
          FROM changed),
        counted AS (${count("duplicates")})
        SELECT array_agg(ordinal) FILTER (WHERE is_conflict) FROM changed`,
      values: [events, stored.rows[0].ordinals ?? []],
    });
  }
  await on.query({
    name: "ledger",
    text: `INSERT INTO frames (frame_id, incarnation, sequence, events, verdicts, received_at, processed_at, tx)
      SELECT frame_id, 'log', 1, 1, verdicts, now(), now(), pg_current_xact_id()::text::bigint
      FROM unnest($1::uuid[], $2::text[]) g (frame_id, verdicts) ORDER BY frame_id ON CONFLICT DO NOTHING`,
    values: [frameIds, starts.map((start, n) => verdicts.slice(start - 1, start - 1 + (eventCounts[n] ?? 0)).join(""))],
  });
  await on.query("COMMIT");
}
