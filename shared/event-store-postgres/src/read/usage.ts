import type { StoreUsage } from "@tidemark/event-store/usage";
import type { Kysely } from "kysely";
import { queryRow } from "../connection/reader.ts";
import { statementFile } from "../connection/statement-file.ts";
import type { Tables } from "../schema/tables.ts";

const USAGE = statementFile(new URL("usage.sql", import.meta.url));

interface UsageRow {
  database_bytes: number;
  connections: number;
  connections_limit: number;
  oldest_transaction_seconds: number | null;
  standbys: { streaming: number; lagBytes: number } | null;
}

/** `UsageReader.readUsage`. */
export async function readUsage(db: Kysely<Tables>): Promise<StoreUsage> {
  const row = await queryRow<UsageRow>(db, await USAGE(), []);
  return {
    databaseBytes: row.database_bytes,
    connections: { open: row.connections, limit: row.connections_limit },
    ...(row.oldest_transaction_seconds !== null && { oldestTransactionSeconds: row.oldest_transaction_seconds }),
    ...(row.standbys !== null && { standbys: row.standbys }),
  };
}
