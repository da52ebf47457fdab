import type { Room } from "@tidemark/runtime/byte-budget";

/**
 * Joins two rooms: takes bytes of the first one, and of the second one if the first has none left. If neither has, it waits
 * for the first. The second is entered only when it is needed.
 */
export function joinRooms(first: Room, enterSecond: () => Room): Room {
  let second: Room | undefined;
  let inFirst = 0;
  let isReleased = false;
  const tryGrow = (bytes: number) => {
    if (isReleased) return false;
    if (first.tryGrow(bytes)) {
      inFirst += bytes;
      return true;
    }
    second ??= enterSecond();
    return second.tryGrow(bytes);
  };
  return {
    tryGrow,
    grow: async (bytes, signal) => {
      signal?.throwIfAborted();
      if (tryGrow(bytes)) return;
      await first.grow(bytes, signal);
      inFirst += bytes;
    },
    shrinkTo: (bytes) => {
      inFirst = Math.min(inFirst, bytes);
      first.shrinkTo(inFirst);
      second?.shrinkTo(bytes - inFirst);
    },
    release: () => {
      isReleased = true;
      first.release();
      second?.release();
    },
  };
}
