import type { Verdicts } from "@tidemark/domain/verdict";
import type { Database } from "better-sqlite3";
import { type BatchTotals, countPosition } from "./batch-totals.ts";

/** A frame and its position in the log. */
interface FrameAtPosition {
  /** The id of the frame. */
  id: string;
  generation: string;
  sequence: number;
}

/** Prepares the writer's statements on the ledger of frames. */
export function prepareLedger(database: Database) {
  const find = database.prepare<[string], { verdicts: Verdicts }>("SELECT verdicts FROM frames WHERE frame_id = ?");
  const insert = database.prepare<[string, string, number, number, Verdicts, string]>(
    "INSERT INTO frames (frame_id, generation, sequence, events, verdicts, processed_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  // A second delivery of the same position adds no row, because the position is in `frames` or was written here before.
  const insertRepetition = database.prepare<FrameAtPosition & { events: number; processedAt: string }>(
    `INSERT INTO repeated_frames (generation, sequence, frame_id, events, processed_at)
     SELECT @generation, @sequence, frame_id, @events, @processedAt FROM frames
     WHERE frame_id = @id AND (generation, sequence) <> (@generation, @sequence)
     ON CONFLICT (generation, sequence) DO NOTHING`,
  );
  const replaceVerdict = database.prepare<{ frameId: string; ordinal: number; verdict: Verdicts }>(
    `UPDATE frames SET verdicts = substr(verdicts, 1, @ordinal) || @verdict || substr(verdicts, @ordinal + 2)
     WHERE frame_id = @frameId`,
  );
  return {
    /** Returns the verdicts of a frame that is in the ledger, and records its further position. */
    recognize: (totals: BatchTotals, frame: FrameAtPosition & { events: number }): Verdicts | undefined => {
      const known = find.get(frame.id)?.verdicts;
      if (known === undefined) return undefined;
      const { id, generation, sequence, events } = frame;
      const { changes } = insertRepetition.run({ id, generation, sequence, events, processedAt: totals.processedAt });
      if (changes === 1) countPosition(totals, generation, 0);
      return known;
    },
    insert: (totals: BatchTotals, frame: FrameAtPosition & { verdicts: Verdicts }): void => {
      const { id, generation, sequence, verdicts } = frame;
      insert.run(id, generation, sequence, verdicts.length, verdicts, totals.processedAt);
      countPosition(totals, generation, verdicts.length);
    },
    /** Replaces the verdict of one event. Changes nothing for a frame whose row is gone. */
    replaceVerdict: (row: { frameId: string; ordinal: number; verdict: Verdicts }): void => {
      replaceVerdict.run(row);
    },
  };
}
