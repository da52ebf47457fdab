import type { EventEmitter } from "node:events";
import { MAX_PAGE_BYTES } from "@tidemark/event-store/event-store";
import { ByteBudget } from "@tidemark/runtime/byte-budget";

const MAX_PAGES = 8;
// 40 readers of 7.8 MB pages brought query to 660 MB with sixteen, to 306 with four.
const MAX_READS = 4;
const MAX_WAIT_MS = 2_000;

/** Bounds the pages being read, or sent to clients however slow: memory follows this, not the number of clients. */
export interface PageBudget {
  /** Bytes of pages that are read or sent. */
  pages: ByteBudget;
  /** Pages that are read, which are in memory several times over: as rows, as the answer's text, as its bytes. */
  reads: ByteBudget;
}

/** What a page holds of the budget, given back when its answer is out or its client gone. */
export interface PageRoom {
  /** The page is read, and its answer has so many bytes. */
  shrinkTo(bytes: number): void;
}

export function createPageBudget(maxReads: number = MAX_READS): PageBudget {
  return {
    pages: new ByteBudget({ maxBytes: MAX_PAGES * MAX_PAGE_BYTES, maxWaitMs: MAX_WAIT_MS }),
    reads: new ByteBudget({ maxBytes: maxReads, maxWaitMs: MAX_WAIT_MS }),
  };
}

/**
 * Takes room to read one page, and to send it.
 *
 * @throws {Unavailable} `overloaded` when there is none in time
 */
export async function takePageRoom(budget: PageBudget, response: EventEmitter): Promise<PageRoom> {
  const [page, read] = [budget.pages.enter(), budget.reads.enter()];
  let isOver = false;
  const release = () => {
    isOver = true;
    read.release();
    page.release();
  };
  response.once("close", release);
  await page.grow(MAX_PAGE_BYTES);
  if (!isOver) await read.grow(1);
  if (isOver) release(); // gone while it waited: nothing else would give the room back
  return {
    shrinkTo(bytes) {
      read.release();
      page.shrinkTo(bytes);
    },
  };
}
