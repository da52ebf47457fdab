import type { Readable } from "node:stream";
import type { Room } from "@tidemark/shared/byte-budget";
import { InvalidInput } from "@tidemark/shared/errors";

export interface BodyOptions {
  /** Value of `Content-Length`, where there is one. */
  declaredBytes: string | undefined;
  maxBodyBytes: number;
  room: Room;
}

/**
 * Reads a body whole, into memory that `room` has for it; while there is none the client is not read from.
 *
 * @throws {InvalidInput} 413 past the limit, before anything is read where the client announces as much
 * @throws {Unavailable} `overloaded` when there was no room in time
 */
export function readBody(body: Readable, { declaredBytes, maxBodyBytes, room }: BodyOptions): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  if (Number(declaredBytes) > maxBodyBytes) throw tooLarge(maxBodyBytes);
  const chunks: Buffer[] = [];
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
    chunks.push(chunk);
    if (room.tryGrow(chunk.length)) return;
    body.pause();
    room.grow(chunk.length).then(() => body.resume(), stop);
  };
  body.on("data", onData);
  // A copy: a chunk is a view into a buffer of 64 KB that it would keep alive.
  body.once("end", () => resolve(Buffer.concat(chunks, size)));
  body.once("error", stop);
  return promise;
}

function tooLarge(maxBodyBytes: number): InvalidInput {
  const detail = `the body is larger than the limit of ${maxBodyBytes} bytes`;
  return new InvalidInput({ code: "body_too_large", status: 413, detail });
}
