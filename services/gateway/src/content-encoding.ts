import type { Transform } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import { InvalidInput } from "@tidemark/domain/errors";
import type { ByteBudget, Room } from "@tidemark/runtime/byte-budget";
import { readBody } from "./body.ts";

/** The content codings of bodies (RFC 9110, section 8.4.1; RFC 7932; RFC 8878). */
export type ContentEncoding = "gzip" | "br" | "zstd";

/** What is taken, as `Accept-Encoding` says it beside a 415 (RFC 9110, section 15.5.16). */
export const TAKEN_ENCODINGS = "gzip, br, zstd";

const KNOWN = new Map<string, ContentEncoding>([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["br", "br"],
  ["zstd", "zstd"],
]);

/**
 * Reads `Content-Encoding`; undefined for a body that is as it is. One coding is taken, never several stacked: nobody
 * gains by compressing twice but who hides how large a body is.
 *
 * @throws {InvalidInput} 415 for any other
 */
export function readContentEncoding(header: string | undefined): ContentEncoding | undefined {
  const codings = (header ?? "")
    .split(",")
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== "" && coding !== "identity");
  const [coding] = codings;
  if (coding === undefined) return undefined;
  const known = KNOWN.get(coding);
  if (known !== undefined && codings.length === 1) return known;
  const detail = `the content encoding ${JSON.stringify(header)} is not taken here; send one of ${TAKEN_ENCODINGS}`;
  throw new InvalidInput({ code: "unsupported_encoding", status: 415, detail });
}

export interface DecodeOptions {
  encoding: ContentEncoding;
  maxBodyBytes: number;
  /** Holds what comes out, while it comes out. */
  room: Room;
  /** Memory of the decoders at work. */
  decoders: ByteBudget;
}

// The largest window that a sender may ask for: brotli's. A zstd window above the 8 MiB of RFC 9659 is refused.
const DECODER_BYTES = 16 * 1024 * 1024;

/**
 * Four decoders at a time, as many as Node has threads for. A hundred at once, each with a part of the bytes in flight,
 * would wait for each other's room: a hundred bombs took 40 s so, and 1 s in turns.
 */
export const MAX_DECODER_BYTES = 4 * DECODER_BYTES;

const CHUNK_BYTES = 64 * 1024;
const DECODERS: Record<ContentEncoding, () => Transform & { bytesWritten: number }> = {
  gzip: () => createGunzip({ chunkSize: CHUNK_BYTES }),
  br: () => createBrotliDecompress({ chunkSize: CHUNK_BYTES }),
  zstd: () => createZstdDecompress({ chunkSize: CHUNK_BYTES, params: { [constants.ZSTD_d_windowLogMax]: 23 } }),
};

// Each costs a decoder of its own. Programs that compress in parallel write one for some megabytes.
const MAX_ZSTD_FRAMES = 100;

/**
 * Takes a body out of its content coding. The body has come whole, so that no slow sender keeps a decoder; what comes out
 * is counted as it comes, and nothing is decoded beyond the limit. Streams one behind the other, which gzip and zstd
 * allow, are one body.
 *
 * @throws {InvalidInput} 413 when more comes out than a body may have, 400 for what is damaged, truncated, or followed by something else
 * @throws {Unavailable} `overloaded` when there was no room in time
 */
export async function decodeBody(encoded: Buffer, options: DecodeOptions): Promise<Buffer> {
  const { encoding, maxBodyBytes, decoders } = options;
  const decoder = decoders.enter();
  await decoder.grow(DECODER_BYTES);
  try {
    const pieces: Buffer[] = [];
    let at = 0;
    let size = 0;
    do {
      const { decoded, bytesRead } = await decodeStream(encoded.subarray(at), options, maxBodyBytes - size);
      pieces.push(decoded);
      size += decoded.length;
      at += bytesRead;
      if (pieces.length > MAX_ZSTD_FRAMES) throw malformed(encoding, `more than ${MAX_ZSTD_FRAMES} frames`);
    } while (encoding === "zstd" && at < encoded.length);
    // Node leaves alone what is behind the end; of gzip that is zeros, which tapes used to add.
    if (encoding === "br" && at < encoded.length) throw malformed(encoding, "something follows its end");
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  } finally {
    decoder.release();
  }
}

async function decodeStream(encoded: Buffer, { encoding, maxBodyBytes, room }: DecodeOptions, maxBytes: number) {
  const decoder = DECODERS[encoding]();
  decoder.end(encoded);
  try {
    const limits = { declaredBytes: undefined, maxBodyBytes: maxBytes, room };
    return { decoded: await readBody(decoder, limits), bytesRead: decoder.bytesWritten };
  } catch (error) {
    if (error instanceof InvalidInput) throw tooLarge(maxBodyBytes);
    if (isOfDecoder(error)) throw malformed(encoding, error.message, error);
    throw error;
  } finally {
    decoder.destroy();
  }
}

/** Node's decoders throw errors with a number of their library beside the code. */
function isOfDecoder(error: unknown): error is Error {
  return error instanceof Error && "errno" in error && typeof error.errno === "number";
}

function tooLarge(maxBodyBytes: number): InvalidInput {
  const detail = `the body is larger than the limit of ${maxBodyBytes} bytes once it is decoded`;
  return new InvalidInput({ code: "body_too_large", status: 413, detail });
}

function malformed(encoding: ContentEncoding, what: string, cause?: unknown): InvalidInput {
  const detail = `the body is not sound ${encoding}: ${what}`;
  return new InvalidInput({ code: "malformed_encoding", status: 400, detail, cause });
}
