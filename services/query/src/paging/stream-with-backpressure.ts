import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import type { Chunk } from "./read-budget.ts";

export interface BackpressureOptions {
  response: ServerResponse;
  /** Given when the client has gone or the service ends. */
  stop: AbortSignal;
  /**
   * How long a client may take for a chunk before its connection is closed. Default: as long as the connection lasts.
   */
  maxStallMs?: number;
}

/**
 * Streams chunks, each once the kernel has taken nearly all of the one before, and releases each at that moment.
 * `Readable.from` would ask for the next chunk earlier, and its frames keep the last chunk while they wait.
 */
export function streamWithBackpressure(chunks: AsyncGenerator<Chunk>, options: BackpressureOptions): Readable {
  let taken: Promise<void> = Promise.resolve();
  const pushNext = async (readable: Readable) => {
    await taken;
    const { value: chunk, done } = await chunks.next();
    if (done) readable.push(null);
    else if (readable.destroyed) chunk.release();
    else {
      readable.push(chunk.bytes);
      taken = releaseWhenTaken(chunk, options);
    }
  };
  return new Readable({
    read() {
      pushNext(this).catch((error) => this.destroy(error));
    },
    destroy(error, done) {
      void chunks.return(undefined).catch(() => {}); // a failed generator throws again
      done(error);
    },
  });
}

async function releaseWhenTaken(chunk: Chunk, { response, stop, maxStallMs }: BackpressureOptions): Promise<void> {
  const timer = maxStallMs === undefined ? undefined : setTimeout(() => response.destroy(), maxStallMs);
  await setImmediate(); // the readable may pass the chunk on a little later
  const target = response.socket ?? response; // a response has no socket while another one is sent on its connection
  if (target.writableNeedDrain) await once(target, "drain", { signal: stop }).catch(() => {});
  clearTimeout(timer);
  chunk.release();
}
