import type { Readable } from "node:stream";
import { InvalidInput } from "@tidemark/domain/errors";
import type { Room } from "@tidemark/runtime/byte-budget";

export interface BodyOptions {
  /** The value of `Content-Length`, if there is one. */
  declaredBytes: string | undefined;
  maxBodyBytes: number;
  room: Room;
}

// A chunk costs 150 bytes of memory beside its content, and some microseconds in Node's parser.
const MAX_CHUNKS = 100_000;
const CHUNKS_TO_JOIN = 1_000;

/**
 * Reads a whole body into memory that is reserved in `room`. It reads nothing from the client while there is no room.
 *
 * @throws {InvalidInput} 413 beyond the limit; before anything is read if `Content-Length` exceeds it
 * @throws {InvalidInput} 400 for more chunks than `MAX_CHUNKS`, because a very small chunk costs far more than its
 * bytes
 * @throws {Unavailable} `overloaded` when there was no room in time
 */
export function readBody(body: Readable, { declaredBytes, maxBodyBytes, room }: BodyOptions): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  if (Number(declaredBytes) > maxBodyBytes) throw tooLarge(maxBodyBytes);
  const joined: Buffer[] = [];
  let chunks: Buffer[] = [];
  let chunkCount = 0;
  let size = 0;
  const stop = (error: unknown) => {
    body.off("data", onData);
    reject(error);
  };
  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBodyBytes) {
      stop(tooLarge(maxBodyBytes));
      return;
    }
    if (++chunkCount > MAX_CHUNKS) {
      stop(tooManyChunks());
      return;
    }
    chunks.push(chunk);
    if (chunks.length === CHUNKS_TO_JOIN) {
      joined.push(Buffer.concat(chunks));
      chunks = [];
    }
    if (room.tryGrow(chunk.length)) return;
    body.pause();
    room.grow(chunk.length).then(() => body.resume(), stop);
  };
  body.on("data", onData);
  // A copy, because a chunk is a view that keeps a buffer of 64 KB alive.
  body.once("end", () => resolve(Buffer.concat([...joined, ...chunks], size)));
  body.once("error", stop);
  return promise;
}

function tooLarge(maxBodyBytes: number): InvalidInput {
  const detail = `the body is larger than the limit of ${maxBodyBytes} bytes`;
  return new InvalidInput({ code: "body_too_large", status: 413, detail });
}

function tooManyChunks(): InvalidInput {
  const detail = `the body has more than ${MAX_CHUNKS} chunks: send larger ones`;
  return new InvalidInput({ code: "bad_request", status: 400, detail });
}
