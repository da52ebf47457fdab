import type { Durability } from "@tidemark/domain/durability";
import type { Frame } from "@tidemark/domain/frame";
import type { Origin } from "@tidemark/domain/origin";
import type { Verdicts } from "@tidemark/domain/verdict";
import type { Books, BooksQuery, SelectedBooks, TopicBooksQuery, TopicListQuery, TopicPage } from "./books.ts";
import type { EventContent } from "./event-row.ts";
import type { HistoryReader, StartRecorder } from "./history.ts";

/**
 * Stores each event once under `(topic, event_id)`, and keeps the books: the ledger of frames, the dropped duplicates and
 * the counters. One transaction changes all of them.
 */
export interface EventStore extends EventReader, StartRecorder {
  /**
   * Applies frames in one transaction, all or none. Records each frame in the ledger, stores new events, records the
   * others as duplicates or conflicts, and counts by topic. Of several events with the same key, the first in the order of
   * frames and events is stored.
   *
   * A frame whose id is in the ledger, or that is repeated in the same call, changes nothing. It gets its first
   * verdicts.
   *
   * A store that was too slow for a call may use several transactions for the next one. Each frame is still applied whole
   * or not at all, and the frames before a failure are in the ledger.
   *
   * An event that the store refuses because of its data (SQLSTATE classes 22, 23, 54, and their equivalents in SQLite)
   * becomes a dead letter in the same transaction, with the verdict `x`; see `DeadLetterStore`. An event that exceeds
   * the store's time limit becomes a dead letter as well, if the store takes other events quickly.
   *
   * @param options.maxNamed the number of dropped duplicates that the result may name; may be Infinity
   * @throws {Error} when the store refused all events of a call, ten or more, with the same code: a bug, not bad data.
   *   Nothing is changed
   * @throws {Unavailable} `store_unreachable`: the store is down, full or restarting. It may have committed; applying the
   *   same frames again is safe
   */
  apply(deliveries: AppliedDelivery[], options: { maxNamed: number }): Promise<Applied>;

  /** Whether what `apply` commits survives the loss of power. @throws {Unavailable} `store_unreachable` */
  readDurability(): Promise<Durability>;
}

/** A frame and its origin in the log. */
export interface AppliedDelivery {
  frame: Frame;
  origin: Origin;
}

export interface Applied {
  /** One entry per delivery, in the same order. */
  frames: AppliedFrame[];
  /** The first `maxNamed` duplicates that were dropped from new frames. */
  dropped: DroppedDuplicate[];
}

export interface AppliedFrame {
  frameId: string;
  /** False when the frame was in the ledger, or is repeated in the same call. */
  isNew: boolean;
  verdicts: Verdicts;
}

export interface DroppedDuplicate {
  topic: string;
  eventId: string;
  source: string;
  isConflict: boolean;
}

/** Reads events and books. Every method throws `Unavailable` (`store_unreachable`) when the store cannot answer. */
export interface EventReader extends HistoryReader {
  /**
   * Reads a page of events. The work is bounded at any depth. If the filter matches few events, a page may therefore be
   * short or even empty and still have a `next`.
   *
   * @throws {InvalidInput} `invalid_cursor`
   */
  listEvents(query: EventQuery): Promise<EventPage>;
  /** Reads a position behind all events committed before the call, and before all events of later transactions. */
  readTip(): Promise<string>;
  findEvent(topic: string, eventId: string): Promise<StoredEvent | undefined>;
  /** Finds the ledger row of a frame. */
  findFrame(frameId: string): Promise<LedgerEntry | undefined>;
  /** Reads the books in one snapshot, and compares them with the frames that the log holds. */
  readBooks(query: BooksQuery): Promise<Books>;
  /** Reads the books of the topics that begin with a prefix, in one snapshot. Its cost is bounded. */
  readTopicBooks(query: TopicBooksQuery): Promise<SelectedBooks>;
  /**
   * Lists topics with their books. The work is bounded, so a page may be short or even empty and still have a `next`.
   */
  listTopics(query: TopicListQuery): Promise<TopicPage>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface EventQuery extends EventFilters {
  limit: number;
  /**
   * `desc`: the newest processed first, everything that is committed. `asc`: the oldest first, and only events before
   * which no other event can still appear, so that a cursor scan never skips an event that commits late.
   */
  order: "asc" | "desc";
  /** A position from an earlier page. The page starts strictly beyond it, in the direction of `order`. */
  after?: string;
  /** With `asc`: the last position of the page, inclusive. */
  upTo?: string;
  /** A limit like `MAX_PAGE_BYTES`. The smaller of the two applies. */
  maxBytes?: number;
}

export interface EventFilters {
  topic?: string;
  /** Limits the events to topics that begin with one of these texts, which do not overlap. */
  topicPrefixes?: readonly string[];
  /** With a topic the event is found by its key. Without one the store scans events. */
  eventId?: string;
  source?: string;
  /** The lower bound of the event's own timestamp, inclusive. UTC, six digits of the second, like `until`. */
  since?: string;
  /** The upper bound of the event's own timestamp, exclusive. */
  until?: string;
}

/** The maximum number of events that a page scans. Scanning them takes some milliseconds. */
export const MAX_SCANNED_EVENTS = 10_000;

/**
 * The maximum number of duplicates, or of dead letters, that a page examines for any filter. Examining them takes some
 * milliseconds.
 */
export const MAX_SCANNED_ENTRIES = 10_000;

/** Whether no index finds the requested events, so that a page must scan. */
export function isScan({ topic, topicPrefixes, eventId, source, since, until }: EventFilters): boolean {
  if (topic !== undefined && eventId !== undefined) return false;
  return [topicPrefixes, eventId, source, since, until].some((filter) => filter !== undefined);
}

/**
 * The size of a page in bytes of payload and attributes. A page ends before the event that would exceed it, but holds at
 * least one event if there is one. Without this limit a thousand events of the largest size would be eight gigabytes.
 */
export const MAX_PAGE_BYTES = 8_000_000;

export interface EventPage {
  events: StoredEvent[];
  /**
   * The position at which the next page starts. With `desc` it is absent at the end. With `asc` it is always present; at
   * the end it is `upTo`, or the first position behind which another event can still appear, but never before `after`.
   */
  next?: string;
}

/** A stored event. JSON columns are text, so that every digit of a number comes back. */
export interface StoredEvent extends EventContent {
  /** The position in the order of commits. */
  position: string;
  topic: string;
  eventId: string;
  /** Empty once the event has been erased. */
  source: string;
  /** UTC, six digits of the second. */
  processedAt: string;
  payloadExpiredAt?: string;
  erasedAt?: string;
}

export interface LedgerEntry {
  verdicts: Verdicts;
  /** UTC, six digits of the second. */
  processedAt: string;
}
