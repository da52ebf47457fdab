import type { EventEmitter } from "node:events";
import { ByteBudget, type Room } from "@tidemark/shared/byte-budget";
import { MAX_PAGE_BYTES } from "@tidemark/shared/event-store/event-store";

const MAX_PAGES = 16;
const MAX_WAIT_MS = 2_000;

/** Bounds the pages being read, or sent to clients however slow: memory follows this, not the number of clients. */
export function createPageBudget(): ByteBudget {
  return new ByteBudget({ maxBytes: MAX_PAGES * MAX_PAGE_BYTES, maxWaitMs: MAX_WAIT_MS });
}

/**
 * Takes room for one page, until its answer is out or its client gone.
 *
 * @throws {Unavailable} `overloaded` when there is none in time
 */
export async function takePageRoom(budget: ByteBudget, response: EventEmitter): Promise<Room> {
  const room = budget.enter();
  let isOver = false;
  response.once("close", () => {
    isOver = true;
    room.release();
  });
  await room.grow(MAX_PAGE_BYTES);
  if (isOver) room.release(); // gone while it waited: nothing else would give the room back
  return room;
}
