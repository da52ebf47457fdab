import { Unavailable } from "@tidemark/domain/errors";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { Books, EventReader } from "@tidemark/event-store/event-store";

export interface BooksSources {
  reader: Pick<EventReader, "readBooks">;
  /** @throws {Unavailable} when the log is away */
  readLogSnapshot: () => Promise<LogSnapshot>;
}

export interface BooksOptions {
  topic?: string;
  maxTopics: number;
  maxSources?: number;
}

/** The books of store and log together. */
export interface WholeBooks {
  books: Books;
  /** Absent where the log could not be asked. */
  queue?: Queue;
  /** How far the books are from what log and tables say: 0, or a defect. Absent where it cannot be told. */
  drift?: number;
}

export interface Queue {
  events: number;
  /** When the oldest of them was received, milliseconds since the epoch. */
  oldestAtMs?: number;
  /** The log was so busy that `events` may be off by the frames that left it in a moment. */
  isUncertain?: true;
}

/**
 * Reads log and store as if at one moment, though no transaction spans both.
 *
 * The log is looked at first, then the store. A frame that is applied stays in the log until its acknowledgement gets
 * there, so the store says how many events of what the log held it has applied already (`appliedHeldEvents`); the others
 * are queued. A frame applied between the two looks was held by the first, and is counted once; one that came and was
 * applied between them is in the store's figures only.
 *
 * So the sum is the events of all frames that were in the log up to the first look, and of those applied since: what was
 * confirmed before the call is in it, once, and a later call never sees less. The other order would lose frames: applied
 * after the store was read, gone when the log is looked at.
 *
 * While the log cannot tell which frames it holds (`held` is absent), those applied count as queued, too, for the
 * milliseconds until their acknowledgement gets there.
 *
 * The same order makes the drift exact: a frame leaves the log after its commit, so what had left by the first look is
 * applied by the second.
 */
export async function readBooks({ reader, readLogSnapshot }: BooksSources, options: BooksOptions): Promise<WholeBooks> {
  const contents = await unlessAway(readLogSnapshot);
  if (contents === undefined) return { books: await reader.readBooks(options) };
  const { generation, held = [], lastSequence } = contents;
  const books = await reader.readBooks({ ...options, log: { generation, held, lastSequence } });
  const drift = driftOf(contents, books);
  return { books, queue: queueOf(contents, books), ...(drift === undefined ? {} : { drift }) };
}

async function unlessAway(readLogSnapshot: () => Promise<LogSnapshot>): Promise<LogSnapshot | undefined> {
  try {
    return await readLogSnapshot();
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
}

function queueOf({ events, oldestAtMs, isUncertain }: LogSnapshot, { appliedHeldEvents }: Books): Queue {
  // Not below zero where a busy log's look was off by a moment.
  const queued = Math.max(0, events - appliedHeldEvents);
  return {
    events: queued,
    ...(queued > 0 && oldestAtMs !== undefined ? { oldestAtMs } : {}),
    ...(isUncertain ? { isUncertain } : {}),
  };
}

/**
 * Frames that left this life of the log without being in the books (below 0: in the books without having left); where
 * those agree, how far the store's counters are from its tables. Not their sum: one defect may shift both, each the
 * other way. Undefined while the log cannot name the frames it holds, or was not certain of its own figures.
 */
function driftOf({ removed, held, isUncertain }: LogSnapshot, { appliedGoneFrames, tableDrift }: Books) {
  if (held === undefined || isUncertain) return undefined;
  return removed - appliedGoneFrames || tableDrift;
}

/**
 * Keeps the sum from going back where a look at a busy log was uncertain: the queue is then what the last certain sum
 * leaves beside the store's figures, which are always certain. The last is that of the read that began last: reads overlap
 * and end in any order. The largest would stay too large after a purge of the log.
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
