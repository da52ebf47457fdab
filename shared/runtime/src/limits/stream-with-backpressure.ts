import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";

/** Bytes on their way to a client. */
export interface Chunk {
  bytes: Buffer;
  /**
   * Gives back the room of the bytes and drops them, because a waiting generator keeps the last chunk that it yielded.
   */
  release(): void;
}

export interface BackpressureOptions {
  response: ServerResponse;
  /** Aborted when the client has left or the service ends. */
  stop: AbortSignal;
  /** How long a client may take for a piece before its connection is closed. */
  maxStallMs?: number | undefined;
}

/**
 * The bytes that a client must take within `MAX_STALL_MS`: at least 2 KB a second. The buffers of the operating system
 * hold some megabytes more, so a client that pauses for a moment is not disconnected.
 */
export const PIECE_BYTES = 64 * 1024;
export const MAX_STALL_MS = 30_000;

/**
 * Streams chunks in pieces. It sends a piece when the kernel has taken nearly all of the previous one, and releases a
 * chunk when its last piece is taken. It disconnects a client that takes too long for a piece. `Readable.from` is not
 * used, because it requests the next chunk earlier and keeps the last one while it waits.
 */
export function streamWithBackpressure(chunks: AsyncGenerator<Chunk>, options: BackpressureOptions): Readable {
  let taken: Promise<void> = Promise.resolve();
  const pieces = piecesOf(chunks);
  const pushNext = async (readable: Readable) => {
    await taken;
    const piece = await pieces.next();
    if (piece === undefined) readable.push(null);
    else if (readable.destroyed) pieces.drop(piece);
    else {
      readable.push(piece.bytes);
      taken = releaseWhenTaken(piece, options).then(() => {
        if (options.response.destroyed) pieces.drop();
      });
    }
  };
  return new Readable({
    read() {
      pushNext(this).catch((error) => this.destroy(error));
    },
    destroy(error, done) {
      pieces.drop();
      void chunks.return(undefined).catch(() => {}); // a failed generator throws again
      done(error);
    },
  });
}

/** Cuts chunks into pieces. The last piece of a chunk releases it. */
function piecesOf(chunks: AsyncGenerator<Chunk>) {
  let chunk: Chunk | undefined;
  let at = 0;
  return {
    async next(): Promise<Chunk | undefined> {
      if (chunk === undefined) {
        const { value, done } = await chunks.next();
        if (done) return undefined;
        chunk = value as Chunk;
        at = 0;
      }
      const whole = chunk;
      const bytes = whole.bytes.subarray(at, at + PIECE_BYTES);
      at += PIECE_BYTES;
      if (at < whole.bytes.length) return { bytes, release: () => {} };
      chunk = undefined;
      return { bytes, release: () => whole.release() };
    },
    /** Releases a piece that was not taken, and the chunk that is being cut. */
    drop(piece?: Chunk): void {
      piece?.release();
      chunk?.release();
      chunk = undefined;
    },
  };
}

async function releaseWhenTaken(
  piece: Chunk,
  { response, stop, maxStallMs = MAX_STALL_MS }: BackpressureOptions,
): Promise<void> {
  const timer = setTimeout(() => response.destroy(), maxStallMs);
  await setImmediate(); // the readable may pass the piece on a little later
  const target = response.socket ?? response; // a response has no socket while another one is sent on its connection
  if (target.writableNeedDrain) await once(target, "drain", { signal: stop }).catch(() => {});
  clearTimeout(timer);
  piece.release();
}
