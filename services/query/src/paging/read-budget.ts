import { MAX_PAGE_BYTES } from "@tidemark/event-store/event-store";
import { ByteBudget } from "@tidemark/runtime/byte-budget";

const MAX_LIST_PAGES = 8;
const MAX_STREAMED_PAGES = 4;
// 40 readers of 7.8 MB pages brought query to 660 MB with sixteen, to 306 with four.
const MAX_READS = 4;
const LIST_WAIT_MS = 2_000;

/** Bytes on their way to a client. */
export interface Chunk {
  bytes: Buffer;
  /** Gives their room back and drops the bytes, because a generator that waits keeps the chunk that it yielded last. */
  release(): void;
}

const NO_BYTES = Buffer.alloc(0);

/** Returns a chunk that drops its bytes when it is released, and then calls `onRelease`. */
export function chunkOf<Content extends { bytes: Buffer }>(content: Content, onRelease: () => void): Content & Chunk {
  const chunk = {
    ...content,
    release: () => {
      chunk.bytes = NO_BYTES;
      onRelease();
    },
  };
  return chunk;
}

/**
 * Bounds the pages that are read or on their way to clients, however slow the clients are: memory follows these bounds,
 * not the number of clients.
 */
export class ReadBudget {
  /** The bytes of pages that are read or sent. */
  readonly pages: ByteBudget;
  /**
   * The pages that are read at this moment. Each is in memory several times: as rows, as the answer's text, as its
   * bytes.
   */
  readonly reads: ByteBudget;

  constructor({ pages, reads }: { pages: ByteBudget; reads: ByteBudget }) {
    this.pages = pages;
    this.reads = reads;
  }

  /**
   * Reads a page once there is room for the largest, and keeps as much room as the page turns out to need until the
   * page is released.
   *
   * @throws {Unavailable} `overloaded` if the budget has a deadline and there was no room in time
   * @throws the signal's reason if the signal is given while there is no room
   */
  async read<Page extends { bytes: Buffer }>(read: () => Promise<Page>, signal?: AbortSignal): Promise<Page & Chunk> {
    const [room, slot] = [this.pages.enter(), this.reads.enter()];
    try {
      await room.grow(MAX_PAGE_BYTES, signal);
      await slot.grow(1, signal);
      const page = await read();
      room.shrinkTo(page.bytes.length);
      return chunkOf(page, () => room.release());
    } catch (error) {
      room.release();
      throw error;
    } finally {
      slot.release();
    }
  }
}

export interface ReadBudgets {
  /** For lists, which are refused when there is no room in time. */
  lists: ReadBudget;
  /** For exports, which wait for room for as long as it takes. */
  exports: ReadBudget;
  /** For streams, which wait as exports do; apart from them, because an export may stall for longer than a stream. */
  streams: ReadBudget;
}

/** Creates the budgets. Exports and streams share their reads. */
export function createReadBudgets(maxReads: number = MAX_READS): ReadBudgets {
  const bounded = (maxBytes: number) => new ByteBudget({ maxBytes, maxWaitMs: LIST_WAIT_MS });
  const reads = new ByteBudget({ maxBytes: maxReads });
  const streamed = () =>
    new ReadBudget({ pages: new ByteBudget({ maxBytes: MAX_STREAMED_PAGES * MAX_PAGE_BYTES }), reads });
  return {
    lists: new ReadBudget({ pages: bounded(MAX_LIST_PAGES * MAX_PAGE_BYTES), reads: bounded(maxReads) }),
    exports: streamed(),
    streams: streamed(),
  };
}
