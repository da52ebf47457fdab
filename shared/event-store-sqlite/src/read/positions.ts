import type { Database } from "better-sqlite3";
import { readPosition } from "./pages.ts";

/**
 * Translates ids of events into positions, and back. A position is an id plus a base, which is 0 until the first
 * restore. After a restore, the database gives the ids that followed the backup to other events, while old cursors
 * still name the old ones. The base of a restore (restore-marks.ts) puts all later positions behind those of the old
 * cursors.
 */
export interface Positions {
  positionOf(id: number): string;
  /** Returns the last id that is not beyond the position. @throws {InvalidInput} `invalid_cursor` */
  idUpTo(position: string): number;
  /** Returns the first id that is not before the position. @throws {InvalidInput} `invalid_cursor` */
  idFrom(position: string): number;
}

interface Base {
  firstId: number;
  base: number;
}

/** Reads the bases once: a database is restored only while no service has it open. */
export function preparePositions(database: Database): Positions {
  const bases = database
    .prepare<[], Base>(
      `SELECT first_id AS "firstId", position_base AS base FROM restores WHERE position_base IS NOT NULL
       ORDER BY position_base DESC`,
    )
    .all();
  bases.push({ firstId: 1, base: 0 });
  const idsOf = (text: string): { id: number; firstOfNext: number } => {
    const position = readPosition(text);
    let firstOfNext = Number.MAX_SAFE_INTEGER;
    for (const { firstId, base } of bases) {
      if (position >= firstId + base) return { id: position - base, firstOfNext };
      firstOfNext = firstId;
    }
    return { id: position, firstOfNext }; // the position 0 is before the first event
  };
  return {
    positionOf(id) {
      const { base } = bases.find(({ firstId }) => id >= firstId) ?? { base: 0 };
      return String(id + base);
    },
    idUpTo(position) {
      const { id, firstOfNext } = idsOf(position);
      return Math.min(id, firstOfNext - 1);
    },
    idFrom(position) {
      const { id, firstOfNext } = idsOf(position);
      return Math.min(id, firstOfNext);
    },
  };
}
