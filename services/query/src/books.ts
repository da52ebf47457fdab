import { Unavailable } from "@tidemark/shared/errors";
import type { LogContents } from "@tidemark/shared/event-log/event-log";
import type { Books, EventReader } from "@tidemark/shared/event-store/event-store";

export interface BooksSources {
  reader: Pick<EventReader, "readBooks">;
  /** @throws {Unavailable} when the log is away */
  readLog: () => Promise<LogContents>;
}

export interface BooksOptions {
  topic?: string;
  maxTopics: number;
}

/** The books of store and log together. Without `queue` the log could not be asked, or not at the same moment. */
export interface WholeBooks {
  books: Books;
  queue?: Queue;
}

export interface Queue {
  events: number;
  /** When the oldest of them was received, milliseconds since the epoch. */
  oldestAtMs?: number;
}

const MAX_TRIES = 10;

/**
 * Reads log and store as if at one moment, though no transaction spans both.
 *
 * The log is looked at first, then the store. A frame that is applied stays in the log until its acknowledgement gets
 * there, so the store says how many events of what the log held it has applied already (`appliedHeldEvents`); the others
 * are queued. Frames applied between the two looks were held by the first, and are counted once. A frame that was appended
 * after the first look and is applied in the second would be in no queue that was seen, or counted twice: the store
 * notices (`isLogBehind`), and both are read again.
 *
 * So the sum is the events of all frames appended up to a moment within the call: what was confirmed before the call is
 * in it, once, and a later call, whose moment is later, never sees less. The other order would lose frames: applied after
 * the store was read, gone when the log is looked at.
 *
 * While the log cannot tell which frames it holds (`held` is absent), those applied count as queued, too, for the
 * milliseconds until their acknowledgement gets there.
 */
export async function readBooks({ reader, readLog }: BooksSources, options: BooksOptions): Promise<WholeBooks> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const contents = await unlessAway(readLog);
    if (contents === undefined) break;
    const { incarnation, held = [], lastSequence } = contents;
    const books = await reader.readBooks({ ...options, log: { incarnation, held, lastSequence } });
    if (!books.isLogBehind) return { books, queue: queueOf(contents, books) };
  }
  return { books: await reader.readBooks(options) };
}

async function unlessAway(readLog: () => Promise<LogContents>): Promise<LogContents | undefined> {
  try {
    return await readLog();
  } catch (error) {
    if (error instanceof Unavailable) return undefined;
    throw error;
  }
}

function queueOf({ events, oldestAtMs }: LogContents, { appliedHeldEvents }: Books): Queue {
  const queued = events - appliedHeldEvents;
  return queued > 0 && oldestAtMs !== undefined ? { events: queued, oldestAtMs } : { events: queued };
}
