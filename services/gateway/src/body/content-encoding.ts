import type { Transform } from "node:stream";
import { constants, createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import { InvalidInput } from "@tidemark/domain/errors";
import { shorten } from "@tidemark/json/shorten";
import type { ByteBudget, Room } from "@tidemark/runtime/byte-budget";
import { readBody } from "./read-body.ts";

/** The content codings of bodies (RFC 9110, section 8.4.1; RFC 7932; RFC 8878). */
export type ContentEncoding = "gzip" | "br" | "zstd";

/** The value of `Accept-Encoding` in a 415 answer (RFC 9110, section 15.5.16). */
export const SUPPORTED_ENCODINGS = "gzip, br, zstd";

const KNOWN = new Map<string, ContentEncoding>([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["br", "br"],
  ["zstd", "zstd"],
]);

/**
 * Reads `Content-Encoding`; undefined for a body without a coding. Only one coding is supported: compressing twice gains
 * nothing, and hides how large a body is.
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
  const detail = `unsupported content encoding ${JSON.stringify(shorten(header ?? ""))}; send one of ${SUPPORTED_ENCODINGS}`;
  throw new InvalidInput({ code: "unsupported_encoding", status: 415, detail });
}

export interface DecodeOptions {
  encoding: ContentEncoding;
  maxBodyBytes: number;
  /** Holds the decoded bytes as they are produced. */
  room: Room;
  /** The memory of all running decoders. */
  decoders: Pick<ByteBudget, "enter">;
}

// Text compresses ten- to thirty-fold. Without this limit, a body of 8 KB could cost as much as one of 8 MB.
const MAX_EXPANSION = 100;
const ANY_EXPANSION_BYTES = 1024 * 1024;

// Brotli has the largest window that a sender may choose. A zstd window above the 8 MiB of RFC 9659 is refused.
const DECODER_BYTES = 16 * 1024 * 1024;

/**
 * Enough for four decoders at a time, because Node has four threads for them. A hundred decoders at once would each
 * hold a part of the bytes in flight and wait for the others: a hundred bombs took 40 s in this way, and 1 s with four
 * at a time.
 */
export const MAX_DECODER_BYTES = 4 * DECODER_BYTES;

const CHUNK_BYTES = 64 * 1024;
const DECODERS: Record<ContentEncoding, () => Transform & { bytesWritten: number }> = {
  gzip: () => createGunzip({ chunkSize: CHUNK_BYTES }),
  br: () => createBrotliDecompress({ chunkSize: CHUNK_BYTES }),
  zstd: () => createZstdDecompress({ chunkSize: CHUNK_BYTES, params: { [constants.ZSTD_d_windowLogMax]: 23 } }),
};

// The maximum number of zstd frames in a body. Before Node 26, whose decoder reads all frames of a body, each frame
// needs a decoder. Programs that compress in parallel write a frame for every few megabytes.
const MAX_ZSTD_FRAMES = 100;

/**
 * Decodes a body. The whole body must have arrived, so that no slow sender occupies a decoder. Decoded bytes are
 * counted as they are produced, and decoding stops at the limit. Concatenated streams, which gzip and zstd allow, are
 * one body.
 *
 * Node's one-shot functions are not used: the one for zstd reads only the first frame, and each call would have to
 * reserve `maxBodyBytes` even for a small body.
 *
 * @throws {InvalidInput} 413 when the decoded body exceeds the limit, or 1 MiB and 100 times the encoded body; 400 when it is damaged, truncated, or followed by
 *   other bytes
 * @throws {Unavailable} `overloaded` when there was no room in time
 */
export async function decodeBody(encoded: Buffer, options: DecodeOptions): Promise<Buffer> {
  const { encoding, maxBodyBytes, decoders } = options;
  const maxBytes = Math.min(maxBodyBytes, Math.max(ANY_EXPANSION_BYTES, MAX_EXPANSION * encoded.length));
  const decoder = decoders.enter();
  await decoder.grow(DECODER_BYTES);
  try {
    const pieces: Buffer[] = [];
    let at = 0;
    let size = 0;
    do {
      const { decoded, bytesRead } = await decodeStream(encoded.subarray(at), options, { maxBytes, size });
      pieces.push(decoded);
      size += decoded.length;
      at += bytesRead;
      if (pieces.length > MAX_ZSTD_FRAMES) throw malformed(encoding, `more than ${MAX_ZSTD_FRAMES} frames`);
    } while (encoding === "zstd" && at < encoded.length);
    // Node ignores bytes after the end of a stream. After gzip it ignores only zeros, which tapes used to add.
    if (encoding === "br" && at < encoded.length) throw malformed(encoding, "other bytes follow its end");
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  } finally {
    decoder.release();
  }
}

/** Decodes one stream of a body of which `size` bytes are decoded already, up to `maxBytes` in all. */
async function decodeStream(
  encoded: Buffer,
  { encoding, maxBodyBytes, room }: DecodeOptions,
  { maxBytes, size }: { maxBytes: number; size: number },
) {
  const decoder = DECODERS[encoding]();
  decoder.end(encoded);
  try {
    const limits = { declaredBytes: undefined, maxBodyBytes: maxBytes - size, room };
    return { decoded: await readBody(decoder, limits), bytesRead: decoder.bytesWritten };
  } catch (error) {
    if (error instanceof InvalidInput) throw maxBytes < maxBodyBytes ? expandsTooMuch() : tooLarge(maxBodyBytes);
    if (isDecoderError(error)) throw malformed(encoding, error.message, error);
    throw error;
  } finally {
    decoder.destroy();
  }
}

/** Errors of Node's decoders have the number of a zlib, brotli or zstd error. */
function isDecoderError(error: unknown): error is Error {
  return error instanceof Error && "errno" in error && typeof error.errno === "number";
}

function tooLarge(maxBodyBytes: number): InvalidInput {
  const detail = `the body is larger than the limit of ${maxBodyBytes} bytes after decoding`;
  return new InvalidInput({ code: "body_too_large", status: 413, detail });
}

function expandsTooMuch(): InvalidInput {
  const detail = `the body grows more than ${MAX_EXPANSION}-fold, and beyond ${ANY_EXPANSION_BYTES} bytes, when it is decoded`;
  return new InvalidInput({ code: "expansion_too_large", status: 413, detail });
}

function malformed(encoding: ContentEncoding, reason: string, cause?: unknown): InvalidInput {
  const detail = `the body is not valid ${encoding}: ${reason}`;
  return new InvalidInput({ code: "malformed_encoding", status: 400, detail, cause });
}
