import type { SequenceRange } from "@tidemark/domain/origin";
import type { Audit } from "./audit.ts";
import type { SourceBooks } from "./duplicates.ts";

export interface BooksQuery {
  /** The snapshot of the log. Absent when the log is unreachable. */
  log?: { generation: string; held: SequenceRange[]; lastSequence: number };
  /** Limits `byTopic` to this topic. */
  topic?: string;
  /** The number of topics in `byTopic`, the busiest first. */
  maxTopics: number;
  /** The number of sources in `bySource`, those with the most duplicates first. Default: 0. */
  maxSources?: number;
}

export interface TopicBooksQuery {
  /** The prefixes, which do not overlap. */
  topicPrefixes: readonly string[];
  /** Limits `byTopic` to this topic. */
  topic?: string;
  /** The number of topics in `byTopic`, the busiest first. */
  maxTopics: number;
}

/** The maximum number of topics that `readTopicBooks` adds up. Adding up this number takes some tenths of a second. */
export const MAX_SUMMED_TOPICS = 100_000;

/** The books of some topics. */
export interface SelectedBooks extends Pick<Books, "stored" | "duplicates" | "conflicts" | "deadLettered" | "byTopic"> {
  /** The number of topics that were added up, at most `MAX_SUMMED_TOPICS`. */
  topicsTotal: number;
  /** Whether there are more topics than were added up. */
  hasMoreTopics: boolean;
}

export interface TopicListQuery {
  /** Limits the list to topics that begin with one of these texts, which do not overlap. */
  topicPrefixes?: readonly string[];
  /** Limits the list to topics that contain this text. The case of ASCII letters is ignored. */
  containing?: string;
  limit: number;
  /** The topic behind which the page begins. */
  after?: string;
}

/** The maximum number of topics that a page examines, for each prefix. Examining them takes some milliseconds. */
export const MAX_EXAMINED_TOPICS = 10_000;

/** A page of topics in the order of their bytes. */
export interface TopicPage {
  topics: TopicBooks[];
  /** The topic behind which the next page begins. Absent at the end. */
  next?: string;
}

export interface Books {
  stored: number;
  /** Conflicts included. */
  duplicates: number;
  conflicts: number;
  deadLettered: number;
  topicsTotal: number;
  byTopic: TopicBooks[];
  /** Events of applied frames that the log still held in its snapshot. 0 without `log`. */
  appliedHeldEvents: number;
  /**
   * Applied frames of that generation that the log no longer held in its snapshot, without those appended later. A frame
   * leaves the log after its commit, so this equals the number of frames that have left. 0 without `log`.
   */
  appliedGoneFrames: number;
  /**
   * The events of all frames that were applied from that generation, also of frames that the log no longer holds. A frame
   * that the log holds twice counts once, as for the gateway that appended it. 0 without `log`.
   */
  appliedEvents: number;
  /**
   * The difference between the sums of the counters and the row counts that the tables give in constant time. Any value
   * but 0 is a defect. Always 0 in PostgreSQL, whose tables give no such counts.
   */
  tableDrift: number;
  bySource: SourceBooks[];
  /** The number of sources that sent a duplicate. */
  sourcesTotal: number;
  /**
   * The frames and events that left that generation of the log and are not in the books, because the store was restored
   * from a backup. 0 without `log`.
   */
  lost: { frames: number; events: number };
  /** The last restore from a backup. Absent if there was none. */
  lastRestore?: LastRestore;
  /** The last audit. Absent before the first. */
  lastAudit?: Audit;
}

export interface TopicBooks {
  topic: string;
  stored: number;
  duplicates: number;
  conflicts: number;
  deadLettered: number;
  /** UTC, six digits of the second. */
  lastProcessedAt: string;
}

/** A restore from a backup. Times are UTC, six digits of the second. */
export interface LastRestore {
  restoredAt: string;
  /** The time of the backup, which has everything that was stored before. */
  backedUpAt: string;
  /** The frames that had left the log and are not in the backup; null if not known. */
  lostFrames: number | null;
  /** The events that had been confirmed and are neither in the backup nor in the log; null if not known. */
  lostEvents: number | null;
}
