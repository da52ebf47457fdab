/** The dropped copies on record. */
export interface DuplicateReader {
  /**
   * Newest first. Its work is bounded: with a filter that matches little a page may be short, even empty, and still have
   * a `next`. @throws {InvalidInput} `invalid_cursor`
   */
  listDuplicates(query: DuplicateQuery): Promise<DuplicatePage>;
}

export interface DuplicateQuery {
  topic?: string;
  eventId?: string;
  /** The copy's source. */
  source?: string;
  /** Only copies whose content differed (true) or was the same (false). */
  conflicting?: boolean;
  limit: number;
  after?: string;
}

export interface DuplicatePage {
  duplicates: Duplicate[];
  next?: string;
}

export interface Duplicate {
  topic: string;
  eventId: string;
  source: string;
  /** UTC, six digits of the second; so are the others. */
  receivedAt: string;
  firstProcessedAt: string;
  isConflict: boolean;
  /** The full content of one that differed. */
  content?: { timestamp: string; payload: string; attributes?: string };
}

/** Who sends copies, and how late. */
export interface SourceBooks {
  source: string;
  duplicates: number;
  conflicts: number;
  /**
   * How many copies came within so long of the first one's commit, each counted in the first bound it keeps to; the last
   * entry counts those that came later still.
   */
  ages: number[];
}

/** The bounds of `SourceBooks.ages`, seconds: a second, a minute, an hour, a day, a week; then later. */
export const AGE_BOUNDS_SECONDS = [1, 60, 3_600, 86_400, 604_800] as const;
