import { Unavailable } from "@tidemark/domain/errors";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { Books } from "@tidemark/event-store/books";
import type { EventReader } from "@tidemark/event-store/event-store";

export interface BooksSources {
  reader: Pick<EventReader, "readBooks">;
  /** @throws {Unavailable} if the log does not answer */
  readLogSnapshot: () => Promise<LogSnapshot>;
  /** Returns the events that the log has confirmed to gateways, by generation of the log. */
  confirmedEvents: () => ReadonlyMap<string, number>;
}

export interface BooksOptions {
  topic?: string;
  maxTopics: number;
  maxSources?: number;
}

/** The books of the store, and the queue of the log. */
export interface WholeBooks {
  books: Books;
  /** Absent if the log did not answer. */
  queue?: Queue;
  /** The bytes that the log holds, and the most that it may hold. Absent if the log did not answer. */
  logSize?: Pick<LogSnapshot, "bytes" | "maxBytes">;
  /**
   * The difference between the books and the log or the tables. Any value but 0 is a defect. Absent if it is not known.
   */
  drift?: number;
  /** Absent if the log did not answer, or is uncertain of its own figures. */
  witness?: Witness;
}

/** The books beside the gateways' own count of the events that the log has confirmed to them, in its present generation. */
export interface Witness {
  confirmed: number;
  /**
   * The events of that generation that are applied or queued, minus the confirmed ones: events on their way, and events
   * whose confirmation no gateway could report. A number below 0 is a defect: that many confirmed events are lost.
   */
  unconfirmed: number;
}

export interface Queue {
  events: number;
  /** The time at which the oldest of them was received, in milliseconds since the epoch. */
  oldestAtMs?: number;
  /** Set if the log was so busy that `events` may be wrong by the frames that left it during the snapshot. */
  isUncertain?: true;
}

/**
 * Reads the log and the store as if at one moment, although no transaction spans both.
 *
 * A snapshot of the log is taken first, and the store is read second. An applied frame stays in the log until its
 * acknowledgement arrives there, so the store reports how many events of the frames in the snapshot it has already
 * applied (`appliedHeldEvents`). The other events are queued. A frame that is applied between the two reads is in the
 * snapshot and is counted once. A frame that arrives and is applied between them is only in the store's counts.
 *
 * The sum therefore covers all frames that were in the log before the snapshot, and those applied since. Every event
 * that was confirmed before the call is counted once, and a later call never returns less. The other order would lose
 * the frames that are applied after the store is read and leave the log before the snapshot.
 *
 * While the log cannot list the frames that it holds (`held` is absent), applied frames also count as queued, for the
 * milliseconds until their acknowledgements arrive.
 *
 * The same order makes the drift exact: a frame leaves the log after its commit, so every frame that had left before
 * the snapshot is applied when the store is read.
 *
 * The gateways' counts are taken before both. An event that was confirmed before the snapshot is in the snapshot, or in
 * the store by the time it is read.
 */
export async function readBooks(
  { reader, readLogSnapshot, confirmedEvents }: BooksSources,
  options: BooksOptions,
): Promise<WholeBooks> {
  const confirmed = confirmedEvents();
  const snapshot = await undefinedIfUnavailable(readLogSnapshot);
  if (snapshot === undefined) return { books: await reader.readBooks(options) };
  const { generation, held = [], lastSequence, bytes, maxBytes } = snapshot;
  const books = await reader.readBooks({ ...options, log: { generation, held, lastSequence } });
  const queue = queueOf(snapshot, books);
  return {
    books,
    queue,
    logSize: { bytes, maxBytes },
    drift: driftOf(snapshot, books),
    witness: witnessOf({ books, queue, confirmed: confirmed.get(generation) ?? 0 }),
  };
}

async function undefinedIfUnavailable(
  readLogSnapshot: BooksSources["readLogSnapshot"],
): Promise<LogSnapshot | undefined> {
  try {
    return await readLogSnapshot();
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
}

function queueOf({ events, oldestAtMs, isUncertain }: LogSnapshot, { appliedHeldEvents }: Books): Queue {
  // The snapshot of a busy log may be so uncertain that the difference is negative.
  const queued = Math.max(0, events - appliedHeldEvents);
  return {
    events: queued,
    oldestAtMs: queued > 0 ? oldestAtMs : undefined,
    isUncertain,
  };
}

/**
 * Returns the number of frames that left this generation of the log and are not in the books (negative: that are in the
 * books and have not left). Frames that a restore from a backup lost are not counted, because they are recorded. If the
 * number is 0, returns the difference between the store's counters and its tables. The two are not added, because one
 * defect may shift both in opposite directions. Returns undefined if the log cannot list the frames that it holds, or
 * is uncertain of its own figures.
 */
function driftOf({ removed, held, isUncertain }: LogSnapshot, { appliedGoneFrames, lost, tableDrift }: Books) {
  if (held === undefined || isUncertain) return undefined;
  return removed - appliedGoneFrames - lost.frames || tableDrift;
}

function witnessOf({ books, queue, confirmed }: { books: Books; queue: Queue; confirmed: number }) {
  if (queue.isUncertain) return undefined;
  return { confirmed, unconfirmed: books.appliedEvents + books.lost.events + queue.events - confirmed };
}

/**
 * Keeps the sum from decreasing when a snapshot of a busy log was uncertain. The queue is then the last certain sum
 * minus the store's counts, which are always certain. The last certain sum is that of the read that began last, because
 * reads overlap and end in any order. The largest sum would stay too large after a purge of the log.
 */
export function keepSteady(): (read: () => Promise<WholeBooks>) => Promise<WholeBooks> {
  let begun = 0;
  let certain = { read: 0, sum: 0 };
  return async (read) => {
    const thisRead = ++begun;
    const whole = await read();
    const { books, queue } = whole;
    if (queue === undefined) return whole;
    const applied = books.stored + books.duplicates + books.deadLettered;
    if (queue.isUncertain) return { books, queue: { ...queue, events: Math.max(0, certain.sum - applied) } };
    if (thisRead > certain.read) certain = { read: thisRead, sum: applied + queue.events };
    return whole;
  };
}
