import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import type { Piece } from "./walk-budget.ts";

export interface HandOverOptions {
  response: ServerResponse;
  /** The client has gone, or the service ends. */
  stop: AbortSignal;
  /** How long a client may take for a piece before it is cut off. Default: as long as its connection lasts. */
  maxStallMs?: number;
}

/**
 * Passes pieces on, each once the kernel has taken all but a little of the one before, and gives their room back then.
 * `Readable.from` would ask for the next piece before, and its frames keep the last one while they wait.
 */
export function handOver(pieces: AsyncGenerator<Piece>, options: HandOverOptions): Readable {
  let taken: Promise<void> = Promise.resolve();
  const passNext = async (readable: Readable) => {
    await taken;
    const { value: piece, done } = await pieces.next();
    if (done) readable.push(null);
    else if (readable.destroyed) piece.release();
    else {
      readable.push(piece.bytes);
      taken = releaseWhenTaken(piece, options);
    }
  };
  return new Readable({
    read() {
      passNext(this).catch((error) => this.destroy(error));
    },
    destroy(error, done) {
      void pieces.return(undefined).catch(() => {}); // it may have failed before, which is the error at hand
      done(error);
    },
  });
}

async function releaseWhenTaken(piece: Piece, { response, stop, maxStallMs }: HandOverOptions): Promise<void> {
  const timer = maxStallMs === undefined ? undefined : setTimeout(() => response.destroy(), maxStallMs);
  await setImmediate(); // the readable may pass it on a little later
  const target = response.socket ?? response; // none yet behind another answer on the same connection
  if (target.writableNeedDrain) await once(target, "drain", { signal: stop }).catch(() => {});
  clearTimeout(timer);
  piece.release();
}
