import { once } from "node:events";
import {
  ARCHIVE_TABLES,
  type ArchivedRows,
  type ArchiveKind,
  type ArchiveSink,
  type ArchiveTable,
} from "@tidemark/event-store/archive/archive-tables";
import type { Audit } from "@tidemark/event-store/audit";
import pg from "pg";
import { to as copyTo } from "pg-copy-streams";
import { connectionConfig } from "../connection/config.ts";
import { explainMissing, translate } from "../connection/errors.ts";
import { Transaction } from "../connection/session.ts";
import { recount } from "../maintain/audit.ts";
import { checkSchema } from "../schema/migrate.ts";

/** One snapshot of the rows of a database. The right to read is enough. */
export interface PostgresSnapshot {
  /** The time of the snapshot. UTC, six digits of the second. */
  takenAt: string;
  /** Writes all rows of the snapshot to a sink, in constant memory, and audits the snapshot. */
  writeTo(sink: ArchiveSink): Promise<ArchivedRows & { audit: Audit }>;
}

/**
 * Takes a snapshot, and ends it when `use` has ended. Rows of older transactions cannot be vacuumed meanwhile.
 *
 * @throws {Unavailable} `store_unreachable`
 * @throws {Error} if the tables are those of another version
 */
export async function withPostgresSnapshot<Result>(
  { url }: { url: string },
  use: (snapshot: PostgresSnapshot) => Promise<Result>,
): Promise<Result> {
  const settings = "-c client_connection_check_interval=5s";
  const client = new pg.Client(connectionConfig({ url, applicationName: "tidemark-archive", timeoutMs: 0, settings }));
  client.on("error", () => undefined); // a statement that is running then fails
  try {
    await client.connect();
    const transaction = new Transaction(client);
    await transaction.query("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    await checkSchema(transaction);
    const { rows } = await transaction.query<{ taken_at: string }>(
      `SELECT to_char(statement_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS taken_at`,
    );
    return await use({
      takenAt: rows[0]?.taken_at ?? "",
      writeTo: (sink) => writeTables(client, transaction, sink),
    });
  } catch (error) {
    throw await explainMissing(client, translate(error));
  } finally {
    await client.end().catch(() => undefined); // an earlier error is more useful than this one
  }
}

async function writeTables(client: pg.Client, transaction: Transaction, sink: ArchiveSink) {
  const rows = {} as ArchivedRows["rows"];
  for (const table of ARCHIVE_TABLES) {
    await sink.beginTable(table.name);
    rows[table.name] = await writeTable(client, table, sink);
  }
  return { rows, audit: await recount(transaction) };
}

/** The server writes the lines itself, so this process only passes bytes on. */
async function writeTable(client: pg.Client, table: ArchiveTable, sink: ArchiveSink): Promise<number> {
  const fields = Object.entries(table.columns).map(([name, kind]) => `'${name}', ${selectionOf(name, kind)}`);
  const order = table.order.join(", ");
  // JSON text contains neither of these characters, so no line is quoted.
  const lines = client.query(
    copyTo(
      `COPY (SELECT json_strip_nulls(json_build_object(${fields.join(", ")}))
         FROM ${SOURCES[table.name] ?? table.name} AS archived ORDER BY ${order})
       TO STDOUT (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02')`,
    ),
  );
  const failed = once(lines, "error").then(([error]) => Promise.reject(error));
  failed.catch(() => undefined);
  for await (const chunk of lines) await Promise.race([sink.write(chunk as Uint8Array), failed]);
  return lines.rowCount;
}

const COUNTS = `sum(stored) AS stored, sum(duplicates) AS duplicates, sum(conflicts) AS conflicts,
  sum(dead_lettered) AS dead_lettered, max(last_processed_at) AS last_processed_at,
  sum(duplicates_pruned) AS duplicates_pruned, sum(conflicts_pruned) AS conflicts_pruned,
  sum(dead_letters_deleted) AS dead_letters_deleted`;

const MOVEMENT = `sum(stored) AS stored, sum(duplicates) AS duplicates, sum(conflicts) AS conflicts,
  sum(dead_lettered) AS dead_lettered`;

/** Counters are kept in slots, and an archive has their sums. */
const SOURCES: Record<string, string> = {
  history: `(SELECT minute, ${MOVEMENT}, sum(unlisted) AS unlisted FROM whole_history GROUP BY minute)`,
  topic_history: `(SELECT minute, topic, ${MOVEMENT} FROM whole_topic_history GROUP BY minute, topic)`,
  topic_counters: `(SELECT topic, ${COUNTS} FROM topic_counters GROUP BY topic)`,
  source_counters: `(SELECT source, sum(duplicates) AS duplicates, sum(conflicts) AS conflicts,
      ${[0, 1, 2, 3, 4, 5].map((age) => `coalesce(sum(duplicates) FILTER (WHERE age = ${age}), 0) AS age_${age}`)}
    FROM source_counters GROUP BY source)`,
  subscriptions: `(SELECT name, topic, topic_prefix, acknowledged, last_page, created_at, updated_at,
      (SELECT count(*) FROM events WHERE (events.tx, events.ord) <= (subscriptions.tx, subscriptions.ord)) AS passed_events
    FROM subscriptions)`,
  frame_counters: `(SELECT generation, sum(frames) AS frames, sum(events) AS events FROM frame_counters GROUP BY generation)`,
};

function selectionOf(name: string, kind: ArchiveKind): string {
  const column = `archived."${name}"`;
  if (kind === "instant") return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  if (kind === "json") return `${column}::text`;
  if (kind === "bytes") return `translate(encode(${column}, 'base64'), E'\\n', '')`;
  return column;
}
