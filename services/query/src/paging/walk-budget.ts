import { MAX_PAGE_BYTES } from "@tidemark/event-store/event-store";
import { ByteBudget } from "@tidemark/runtime/byte-budget";

const MAX_BYTES = 4 * MAX_PAGE_BYTES;
const MAX_READS = 4;

/** Bounds the pages of exports, or of streams, apart from those of lists: a walk waits for room, a list is refused. */
export interface WalkBudget {
  /** Bytes of pages that are read or sent. */
  pages: ByteBudget;
  /** Pages that are read, by exports and streams together: they are in memory several times over. */
  reads: ByteBudget;
}

/** Bytes on their way to a client. */
export interface Piece {
  bytes: Buffer;
  /** Gives their room back, and lets go of them: generators that wait keep what they yielded. */
  release(): void;
}

/** Stands for bytes that were let go of. */
export const NO_BYTES = Buffer.alloc(0);

/** Room for exports and for streams, each its own: an export may stand still for longer than a stream. */
export function createWalkBudgets(maxReads: number = MAX_READS): { exports: WalkBudget; streams: WalkBudget } {
  const reads = new ByteBudget({ maxBytes: maxReads });
  const create = () => ({ pages: new ByteBudget({ maxBytes: MAX_BYTES }), reads });
  return { exports: create(), streams: create() };
}

/**
 * Reads a page when there is room for the largest, and keeps as much of it as the page turns out to need. Waits as long as
 * it takes. @throws the signal's reason, once it is given while there is no room
 */
export async function readWithin<Page extends { bytes: Buffer }>(
  budget: WalkBudget,
  signal: AbortSignal,
  read: () => Promise<Page>,
): Promise<Page & Piece> {
  const [room, slot] = [budget.pages.enter(), budget.reads.enter()];
  try {
    await room.grow(MAX_PAGE_BYTES, signal);
    await slot.grow(1, signal);
    const page = await read();
    room.shrinkTo(page.bytes.length);
    const held: Page & Piece = {
      ...page,
      release: () => {
        held.bytes = NO_BYTES;
        room.release();
      },
    };
    return held;
  } catch (error) {
    room.release();
    throw error;
  } finally {
    slot.release();
  }
}
