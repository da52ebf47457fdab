import type { Verdicts } from "@tidemark/domain/verdict";
import type { Database } from "better-sqlite3";
import { countPlace, type Pass } from "./batch-totals.ts";

/** Prepares what the writer asks of the ledger of frames. */
export function prepareLedger(database: Database) {
  const find = database.prepare<[string], { verdicts: Verdicts }>("SELECT verdicts FROM frames WHERE frame_id = ?");
  const insert = database.prepare<[string, string, number, number, Verdicts, string]>(
    "INSERT INTO frames (frame_id, incarnation, sequence, events, verdicts, processed_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  // Of the same place again there is nothing to write down: its row stands in `frames`, or was written here before.
  const insertCopy = database.prepare<Place & { events: number; processedAt: string }>(
    `INSERT INTO frame_copies (incarnation, sequence, frame_id, events, processed_at)
     SELECT @generation, @sequence, frame_id, @events, @processedAt FROM frames
     WHERE frame_id = @id AND (incarnation, sequence) <> (@generation, @sequence)
     ON CONFLICT (incarnation, sequence) DO NOTHING`,
  );
  const replaceVerdict = database.prepare<{ frameId: string; ordinal: number; verdict: Verdicts }>(
    `UPDATE frames SET verdicts = substr(verdicts, 1, @ordinal) || @verdict || substr(verdicts, @ordinal + 2)
     WHERE frame_id = @frameId`,
  );
  return {
    /** The verdicts of a frame that is known; where it stands in the log a second time, that place is written down. */
    recall: (pass: Pass, { id, generation, sequence, events }: Place & { events: number }): Verdicts | undefined => {
      const known = find.get(id)?.verdicts;
      if (known === undefined) return undefined;
      const { changes } = insertCopy.run({ id, generation, sequence, events, processedAt: pass.processedAt });
      if (changes === 1) countPlace(pass, generation);
      return known;
    },
    insert: (pass: Pass, { id, generation, sequence, verdicts }: Place & { verdicts: Verdicts }): void => {
      insert.run(id, generation, sequence, verdicts.length, verdicts, pass.processedAt);
      countPlace(pass, generation);
    },
    /** Nothing changes for a frame whose row is gone. */
    replaceVerdict: (row: { frameId: string; ordinal: number; verdict: Verdicts }): void => {
      replaceVerdict.run(row);
    },
  };
}

/** Where a frame stands in which log. */
interface Place {
  /** The frame's. */
  id: string;
  generation: string;
  sequence: number;
}
