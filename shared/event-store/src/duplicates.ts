import type { EventContent } from "./event-row.ts";

/** Reads the dropped duplicates on record. */
export interface DuplicateReader {
  /**
   * Lists duplicates, the newest first. The work is bounded. If the filter matches few of them, a page may therefore be
   * short or even empty and still have a `next`.
   *
   * @throws {InvalidInput} `invalid_cursor`
   */
  listDuplicates(query: DuplicateQuery): Promise<DuplicatePage>;
}

export interface DuplicateQuery {
  topic?: string;
  /** Limits the list to topics that begin with one of these texts, which do not overlap. */
  topicPrefixes?: readonly string[];
  eventId?: string;
  /** The source of the duplicate, not of the stored event. */
  source?: string;
  /** Limits the list to conflicts (true) or to duplicates with the same content (false). */
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
  /** Empty once the event has been erased, also for duplicates that came later. */
  source: string;
  /** UTC, six digits of the second, like `firstProcessedAt`. */
  receivedAt: string;
  firstProcessedAt: string;
  isConflict: boolean;
  /**
   * The full content of a conflict. Absent if the store already kept `MAX_CONFLICTS_KEPT` conflicts of this event, or
   * if the payload of the event has expired or was erased.
   */
  content?: EventContent & { payload: string };
}

/** The duplicates that one source sent, and how late they came. */
export interface SourceBooks {
  source: string;
  duplicates: number;
  conflicts: number;
  /**
   * The number of duplicates by their age, measured from the commit of the stored event. Each duplicate counts in the
   * first bound that it does not exceed. The last entry counts the older ones.
   */
  ages: number[];
}

/** The bounds of `SourceBooks.ages` in seconds: a second, a minute, an hour, a day and a week. */
export const AGE_BOUNDS_SECONDS = [1, 60, 3_600, 86_400, 604_800] as const;
