import type { Database } from "better-sqlite3";
import type { Verdicts } from "../verdict.ts";

/** Prepares what the writer asks of the ledger of frames. */
export function prepareLedger(database: Database) {
  const find = database.prepare<[string], { verdicts: Verdicts }>("SELECT verdicts FROM frames WHERE frame_id = ?");
  const insert = database.prepare<[string, string, number, number, Verdicts, string]>(
    "INSERT INTO frames (frame_id, incarnation, sequence, events, verdicts, processed_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const replaceVerdict = database.prepare<{ frameId: string; ordinal: number; verdict: Verdicts }>(
    `UPDATE frames SET verdicts = substr(verdicts, 1, @ordinal) || @verdict || substr(verdicts, @ordinal + 2)
     WHERE frame_id = @frameId`,
  );
  return {
    findVerdicts: (frameId: string): Verdicts | undefined => find.get(frameId)?.verdicts,
    insert: ({ id, incarnation, sequence, verdicts, processedAt }: NewLedgerRow): void => {
      insert.run(id, incarnation, sequence, verdicts.length, verdicts, processedAt);
    },
    /** Nothing changes for a frame whose row is gone. */
    replaceVerdict: (row: { frameId: string; ordinal: number; verdict: Verdicts }): void => {
      replaceVerdict.run(row);
    },
  };
}

interface NewLedgerRow {
  id: string;
  incarnation: string;
  sequence: number;
  verdicts: Verdicts;
  processedAt: string;
}
