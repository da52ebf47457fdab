import type { Readable } from "node:stream";
import { InvalidInput } from "@tidemark/domain/errors";
import type { Room } from "@tidemark/runtime/byte-budget";

export interface BodyOptions {
  /** Value of `Content-Length`, where there is one. */
  declaredBytes: string | undefined;
  maxBodyBytes: number;
  room: Room;
}

// What a piece costs beside its bytes: 150 bytes of memory for the object, and some microseconds in Node's parser.
const MAX_PIECES = 100_000;
const PIECES_AT_ONCE = 1_000;

/**
 * Reads a body whole, into memory that `room` has for it; while there is none the client is not read from.
 *
 * @throws {InvalidInput} 413 past the limit, before anything is read where the client announces as much
 * @throws {InvalidInput} 400 for one that comes in chunks so small that they would cost far more than their bytes
 * @throws {Unavailable} `overloaded` when there was no room in time
 */
export function readBody(body: Readable, { declaredBytes, maxBodyBytes, room }: BodyOptions): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  if (Number(declaredBytes) > maxBodyBytes) throw tooLarge(maxBodyBytes);
  const joined: Buffer[] = [];
  let chunks: Buffer[] = [];
  let pieces = 0;
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
    if (++pieces > MAX_PIECES) {
      stop(tooManyPieces());
      return;
    }
    chunks.push(chunk);
    if (chunks.length === PIECES_AT_ONCE) {
      joined.push(Buffer.concat(chunks));
      chunks = [];
    }
    if (room.tryGrow(chunk.length)) return;
    body.pause();
    room.grow(chunk.length).then(() => body.resume(), stop);
  };
  body.on("data", onData);
  // A copy: a chunk is a view into a buffer of 64 KB that it would keep alive.
  body.once("end", () => resolve(Buffer.concat([...joined, ...chunks], size)));
  body.once("error", stop);
  return promise;
}

function tooLarge(maxBodyBytes: number): InvalidInput {
  const detail = `the body is larger than the limit of ${maxBodyBytes} bytes`;
  return new InvalidInput({ code: "body_too_large", status: 413, detail });
}

function tooManyPieces(): InvalidInput {
  const detail = `the body comes in more than ${MAX_PIECES} pieces: send larger chunks`;
  return new InvalidInput({ code: "bad_request", status: 400, detail });
}
