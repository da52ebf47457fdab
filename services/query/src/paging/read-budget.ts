import { LimitExceeded } from "@tidemark/domain/errors";
import { MAX_PAGE_BYTES } from "@tidemark/event-store/event-store";
import { ByteBudget } from "@tidemark/runtime/byte-budget";
import { ClientBudget } from "@tidemark/runtime/limits/client-budget";
import type { Chunk } from "@tidemark/runtime/limits/stream-with-backpressure";

const MAX_LIST_PAGES = 8;
const MAX_STREAMED_PAGES = 4;
// With 40 readers of pages of 7.8 MB, the query service took 660 MB with a limit of sixteen, and 306 MB with four.
const MAX_READS = 4;
const LIST_WAIT_MS = 2_000;
/** The largest pages that one client may hold at a time: a quarter of the lists, or half of the exports or the streams. */
const MAX_CLIENT_PAGES = 2;

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

export interface ReaderOptions {
  /** The client that the page is for; undefined for a page of several clients. */
  clientId?: string;
  /** Ends the wait for room. */
  signal?: AbortSignal;
}

/**
 * Bounds the pages that are being read or sent, for clients of any speed. Memory depends on these bounds and not on the
 * number of clients.
 */
export class ReadBudget {
  /** The bytes of pages that are read or sent, of which one client holds no more than its share. */
  readonly pages: ClientBudget;
  /** The pages that are read at this moment. Each of them is in memory three times: as rows, as text and as bytes. */
  readonly reads: ByteBudget;

  constructor({ pages, reads }: { pages: ClientBudget; reads: ByteBudget }) {
    this.pages = pages;
    this.reads = reads;
  }

  /**
   * Reads a page once there is room for the largest page, then keeps only the room of the actual page until it is
   * released.
   *
   * @throws {LimitExceeded} if the budget has a deadline and the client's own pages left no room in time
   * @throws {Unavailable} `overloaded` if the budget has a deadline and there was no room in time
   * @throws the signal's reason if the signal is given while there is no room
   */
  async read<Page extends { bytes: Buffer }>(
    read: () => Promise<Page>,
    { clientId, signal }: ReaderOptions = {},
  ): Promise<Page & Chunk> {
    const [room, slot] = [this.pages.enter(clientId), this.reads.enter()];
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
  /** For exports, which wait for room without a time limit. */
  exports: ReadBudget;
  /**
   * For streams, which also wait without a time limit. They have a separate budget, because an export may stall for
   * longer than a stream.
   */
  streams: ReadBudget;
}

/** Creates the budgets. Exports and streams share their reads. */
export function createReadBudgets(maxReads: number = MAX_READS): ReadBudgets {
  const listed = new ClientBudget({
    maxBytes: MAX_LIST_PAGES * MAX_PAGE_BYTES,
    maxBytesPerClient: MAX_CLIENT_PAGES * MAX_PAGE_BYTES,
    maxWaitMs: LIST_WAIT_MS,
    refuseClient: tooManyLists,
  });
  const reads = new ByteBudget({ maxBytes: maxReads });
  const streamed = () => {
    const maxBytes = MAX_STREAMED_PAGES * MAX_PAGE_BYTES;
    const pages = new ClientBudget({ maxBytes, maxBytesPerClient: MAX_CLIENT_PAGES * MAX_PAGE_BYTES });
    return new ReadBudget({ pages, reads });
  };
  const listReads = new ByteBudget({ maxBytes: maxReads, maxWaitMs: LIST_WAIT_MS });
  return {
    lists: new ReadBudget({ pages: listed, reads: listReads }),
    exports: streamed(),
    streams: streamed(),
  };
}

function tooManyLists(): LimitExceeded {
  return new LimitExceeded({
    code: "too_many_lists",
    detail: "this client has not read the pages that it asked for before",
  });
}
