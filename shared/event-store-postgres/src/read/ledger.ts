import type { LedgerEntry } from "@tidemark/event-store/event-store";
import type { Kysely } from "kysely";
import { utcText } from "../schema/columns.ts";
import type { Tables } from "../schema/tables.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** `EventReader.findFrame`. */
export async function findFrame(db: Kysely<Tables>, frameId: string): Promise<LedgerEntry | undefined> {
  if (!UUID.test(frameId)) return undefined;
  const row = await db
    .selectFrom("frames")
    .select(["verdicts", utcText("processed_at").as("processed_at")])
    .where("frame_id", "=", frameId)
    .executeTakeFirst();
  return row && { verdicts: row.verdicts, processedAt: row.processed_at };
}
