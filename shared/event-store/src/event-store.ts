import type { Durability } from "@tidemark/domain/durability";
import type { Frame } from "@tidemark/domain/frame";
import type { Origin, SequenceRange } from "@tidemark/domain/origin";
import type { Verdicts } from "@tidemark/domain/verdict";
import type { Audit } from "./audit.ts";
import type { SourceBooks } from "./duplicates.ts";

/**
 * The books: events, each stored once under `(topic, event_id)`, the ledger of frames, the dropped copies, and the
 * counters, all changed in one transaction.
 */
export interface EventStore extends EventReader {
  /**
   * Applies frames in one transaction, all or none: records each in the ledger, stores first copies, records the others
   * as duplicates or conflicts, counts per topic. A frame whose id is in the ledger already, or stands twice in the
   * same call, changes nothing and gets the verdicts it got the first time. Of several copies the first in order of
   * frames and events is the stored one. One call at a time.
   *
   * A store that was too slow for so many frames may use several transactions the next time. Each frame is still applied
   * whole or not at all, and those before a failure are in the ledger.
   *
   * What the store refuses for its data (SQLSTATE classes 22, 23, 54 and their SQLite twins) becomes a dead letter in the
   * same transaction, with the verdict `x`; see `DeadLetterStore`.
   *
   * @param options.maxNamed how many dropped copies the result names at most; may be Infinity
   * @throws {Error} ten or more events of a call were refused, all alike, and none was taken: our bug; nothing changed
   * @throws {Unavailable} `store_unreachable`: the store is down, full or restarting. Whether it committed may be
   *   unknown; applying the same frames again is safe
   */
  apply(deliveries: AppliedDelivery[], options: { maxNamed: number }): Promise<Applied>;

  /** Whether what `apply` commits survives the loss of power. @throws {Unavailable} `store_unreachable` */
  readDurability(): Promise<Durability>;
}

/** A frame and where it came from. */
export interface AppliedDelivery {
  frame: Frame;
  origin: Origin;
}

export interface Applied {
  /** One entry per delivery, in the same order. */
  frames: AppliedFrame[];
  /** Events of new frames that were dropped: the first `maxNamed` of them. */
  dropped: DroppedDuplicate[];
}

export interface AppliedFrame {
  frameId: string;
  /** False when the ledger had it already, also for the second of two in one call. */
  isNew: boolean;
  verdicts: Verdicts;
}

export interface DroppedDuplicate {
  topic: string;
  eventId: string;
  source: string;
  isConflict: boolean;
}

/** What the query side asks. Every method throws `Unavailable` (`store_unreachable`) when the store cannot answer. */
export interface EventReader {
  /**
   * A page of events. Its work is bounded, at any depth: with a filter that matches little it may be short, even empty,
   * and still have a `next`. @throws {InvalidInput} `invalid_cursor`
   */
  listEvents(query: EventQuery): Promise<EventPage>;
  /** A position that has everything before it that was committed before the call, and nothing that begins after it. */
  readTip(): Promise<string>;
  findEvent(topic: string, eventId: string): Promise<StoredEvent | undefined>;
  /** The ledger row of a frame. */
  findFrame(frameId: string): Promise<LedgerEntry | undefined>;
  /** The books and what they know of the log's present contents, in one snapshot. */
  readBooks(query: BooksQuery): Promise<Books>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface EventQuery extends EventFilters {
  limit: number;
  /**
   * `desc`: newest processed first, everything committed. `asc`: oldest first, and only events before which no other can
   * still appear, so that a walk never skips one that commits late.
   */
  order: "asc" | "desc";
  /** A position from an earlier page: events strictly beyond it, in the direction of `order`. */
  after?: string;
  /** With `asc`: events up to this position, itself included. */
  upTo?: string;
  /** Ends the page as `MAX_PAGE_BYTES` does, and is the smaller of both. */
  maxBytes?: number;
}

export interface EventFilters {
  topic?: string;
  /** With a topic it is looked up by its key; without one, events are looked through. */
  eventId?: string;
  source?: string;
  /** The event's own timestamp: this or later. UTC, six digits of the second; so is `until`. */
  since?: string;
  /** The event's own timestamp: earlier than this. */
  until?: string;
}

/** How many events a page looks at where source, times or an id without its topic are asked for: some milliseconds. */
export const MAX_SCANNED_EVENTS = 10_000;

/** Whether a page has to look through events for those that are asked for: no index leads to them. */
export function isScan({ topic, eventId, source, since, until }: EventFilters): boolean {
  if (topic !== undefined && eventId !== undefined) return false;
  return [eventId, source, since, until].some((filter) => filter !== undefined);
}

/**
 * A page ends early before the event whose payload and attributes would take it past this many bytes; it holds at least
 * one event where there is one. A thousand events of the largest size would be eight gigabytes.
 */
export const MAX_PAGE_BYTES = 8_000_000;

export interface EventPage {
  events: StoredEvent[];
  /**
   * How far the page looked. Absent when there is nothing further (`desc`). `asc` always has one, and where it came to the
   * end, that is `upTo`, or whatever comes first behind which another event can still appear, but never before `after`.
   */
  next?: string;
}

/** An event as it is kept. JSON columns are text, so that every digit comes back. */
export interface StoredEvent {
  /** Where it stands in the order of commits. */
  position: string;
  topic: string;
  eventId: string;
  /** UTC, six digits of the second: `2025-10-23T10:00:00.000000Z`. */
  timestamp: string;
  source: string;
  /** JSON text of an object; null once the payload has expired. */
  payload: string | null;
  /** JSON text of an object: the producer's further fields. */
  attributes?: string;
  /** UTC, six digits of the second. */
  processedAt: string;
  payloadExpiredAt?: string;
}

export interface LedgerEntry {
  verdicts: Verdicts;
  /** UTC, six digits of the second. */
  processedAt: string;
}

export interface BooksQuery {
  /** What the log held when it was looked at; absent when the log is away. */
  log?: { generation: string; held: SequenceRange[]; lastSequence: number };
  /** Only this topic in `byTopic`. */
  topic?: string;
  /** How many topics `byTopic` shows at most, the busiest first. */
  maxTopics: number;
  /** How many sources `bySource` shows at most, those with the most copies first. Default: none. */
  maxSources?: number;
}

export interface Books {
  stored: number;
  /** Conflicts included. */
  duplicates: number;
  conflicts: number;
  deadLettered: number;
  topicsTotal: number;
  byTopic: TopicBooks[];
  /** Events of frames that are applied, yet were still held by the log when it was looked at. 0 without `log`. */
  appliedHeldEvents: number;
  /**
   * Frames of that generation that are applied and were not held any more when the log was looked at: as many as have
   * left it, for a frame leaves after its commit. Those that came after the look are not among them. 0 without `log`.
   */
  appliedGoneFrames: number;
  /**
   * How far the sums of the counters are from what the tables say of themselves in constant time: 0, or a defect. Always
   * 0 where they cannot (PostgreSQL).
   */
  tableDrift: number;
  bySource: SourceBooks[];
  /** Sources that sent a copy. */
  sourcesTotal: number;
  /** The last recount; absent before the first. */
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
