import {
  brotliCompressSync,
  constants,
  createZstdDecompress,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import type { InvalidInput } from "@tidemark/domain/errors";
import { ByteBudget } from "@tidemark/runtime/byte-budget";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ContentEncoding, decodeBody, MAX_DECODER_BYTES, readContentEncoding } from "./content-encoding.ts";

const MAX_BODY_BYTES = 1_000_000;
const QUICK = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const ENCODE = {
  gzip: gzipSync,
  br: (bytes: Uint8Array) => brotliCompressSync(bytes, QUICK),
  zstd: zstdCompressSync,
};
const ENCODINGS = Object.keys(ENCODE) as ContentEncoding[];

const budget = (maxBytes: number, maxWaitMs = 60_000) => new ByteBudget({ maxBytes, maxWaitMs });

function decode(encoding: ContentEncoding, encoded: Buffer, bodies = budget(4 * MAX_BODY_BYTES)) {
  const decoders = budget(MAX_DECODER_BYTES);
  return decodeBody(encoded, { encoding, maxBodyBytes: MAX_BODY_BYTES, room: bodies.enter(), decoders });
}

const text = Buffer.from("tide ".repeat(20_000));

describe("readContentEncoding", () => {
  it.each([
    [undefined, undefined],
    ["", undefined],
    ["identity", undefined],
    ["gzip", "gzip"],
    ["GZip", "gzip"],
    ["x-gzip", "gzip"],
    ["br", "br"],
    ["zstd", "zstd"],
    ["identity, gzip", "gzip"],
  ])("Content-Encoding %j is read as %j", (header, encoding) => {
    expect(readContentEncoding(header)).toBe(encoding);
  });

  it.each(["deflate", "compress", "gzip, gzip", "gzip, br", "gzip;q=1", "nonsense"])(
    "Content-Encoding %j is refused",
    (header) => {
      expect(() => readContentEncoding(header)).toThrow(
        expect.objectContaining({ status: 415, code: "unsupported_encoding" }),
      );
    },
  );
});

describe.each(ENCODINGS)("decodeBody of %s", (encoding) => {
  const encoded = ENCODE[encoding](text);

  it("encoded bytes are decoded to the same bytes", async () => {
    const check = async (bytes: Uint8Array) => {
      expect(await decode(encoding, ENCODE[encoding](bytes))).toEqual(Buffer.from(bytes));
    };
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 10_000 }), check), { numRuns: 30 });
  });

  it("a decoded body of exactly the size limit is accepted, and one byte more is refused", async () => {
    const atLimit = ENCODE[encoding](Buffer.alloc(MAX_BODY_BYTES));
    expect(await decode(encoding, atLimit)).toHaveLength(MAX_BODY_BYTES);
    const above = decode(encoding, ENCODE[encoding](Buffer.alloc(MAX_BODY_BYTES + 1)));
    await expect(above).rejects.toMatchObject({
      status: 413,
      message: expect.stringContaining(String(MAX_BODY_BYTES)),
    });
  });

  it("a decompression bomb takes no more memory than a body may have", async () => {
    const bomb = ENCODE[encoding](Buffer.alloc(100 * MAX_BODY_BYTES));
    const bodies = budget(MAX_BODY_BYTES + 200_000, 0); // a smaller budget would refuse the bomb for lack of room
    await expect(decode(encoding, bomb, bodies)).rejects.toMatchObject({ status: 413, code: "body_too_large" });
  });

  it("decoded bytes count as bytes in flight", async () => {
    await expect(decode(encoding, encoded, budget(1_000, 0))).rejects.toMatchObject({ code: "overloaded" });
  });

  it("an encoded body that is truncated, empty or of another coding is refused", async () => {
    for (const broken of [
      encoded.subarray(0, -1),
      encoded.subarray(0, encoded.length / 2),
      encoded.subarray(0, 1),
      Buffer.alloc(0),
      Buffer.from('{"topic":"t"}'),
      deflateSync(text),
    ]) {
      await expect(decode(encoding, broken)).rejects.toMatchObject({ status: 400, code: "malformed_encoding" });
    }
  });

  it("an encoded body with other bytes behind it is refused", async () => {
    for (const rest of [Buffer.from("more"), encoded.subarray(0, -2)]) {
      const broken = Buffer.concat([encoded, rest]);
      await expect(decode(encoding, broken)).rejects.toMatchObject({ status: 400, code: "malformed_encoding" });
    }
  });
});

describe.each(ENCODINGS)("the expansion of %s", (encoding) => {
  const maxBodyBytes = 8_000_000;
  const expand = (body: Buffer, bodies = budget(2 * maxBodyBytes)) => {
    const decoders = budget(MAX_DECODER_BYTES);
    return decodeBody(ENCODE[encoding](body), { encoding, maxBodyBytes, room: bodies.enter(), decoders });
  };

  it("a body may grow any number of times up to 1 MiB, and not beyond", async () => {
    expect(await expand(Buffer.alloc(1024 * 1024))).toHaveLength(1024 * 1024);
    await expect(expand(Buffer.alloc(1024 * 1024 + 1))).rejects.toMatchObject({
      status: 413,
      code: "expansion_too_large",
    });
  });

  it("a body that grows less than 100-fold is decoded up to the size limit", async () => {
    const line = () => `{"id":${Math.random()}}`.padEnd(600);
    const body = Buffer.from(Array.from({ length: 10_000 }, line).join("\n"));
    expect(await expand(body)).toEqual(body);
  });

  it("a body that grows too much is refused before more of it is decoded", async () => {
    const room = budget(1024 * 1024 + 200_000, 0); // a budget with less room than the whole body would refuse it as overloaded
    await expect(expand(Buffer.alloc(maxBodyBytes), room)).rejects.toMatchObject({ code: "expansion_too_large" });
  });
});

describe.each(["gzip", "zstd"] as const)("concatenated streams of %s", (encoding) => {
  const join = (parts: Buffer[]) => decode(encoding, Buffer.concat(parts.map((part) => ENCODE[encoding](part))));

  it("concatenated streams are one body", async () => {
    expect(await join([Buffer.from("one "), Buffer.alloc(0), Buffer.from("two")])).toEqual(Buffer.from("one two"));
  });

  it("concatenated streams that are too large together are refused", async () => {
    const half = Buffer.alloc(MAX_BODY_BYTES / 2);
    expect(await join([half, half])).toHaveLength(MAX_BODY_BYTES);
    await expect(join([half, half, Buffer.from("x")])).rejects.toMatchObject({ status: 413 });
  });
});

it("a body waits for its turn when four decoders are running", async () => {
  const decoders = budget(MAX_DECODER_BYTES);
  const others = decoders.enter();
  await others.grow(MAX_DECODER_BYTES);
  const room = budget(MAX_BODY_BYTES).enter();
  let isDecoded = false;
  const decoded = decodeBody(gzipSync("tide"), { encoding: "gzip", maxBodyBytes: 4, room, decoders });
  void decoded.then(() => {
    isDecoded = true;
  });
  await decode("gzip", gzipSync("another")); // this takes as long as the waiting body would take if it did not wait
  expect(isDecoded).toBe(false);
  others.release();
  expect(String(await decoded)).toBe("tide");
  expect(decoders.enter().tryGrow(MAX_DECODER_BYTES)).toBe(true);
});

it("zeros behind a gzip stream are ignored", async () => {
  expect(await decode("gzip", Buffer.concat([gzipSync(text), Buffer.alloc(512)]))).toEqual(text);
});

it("10,000 empty zstd frames are refused, unless Node takes them with one decoder", async () => {
  const frames = Buffer.concat(Array<Buffer>(10_000).fill(zstdCompressSync(Buffer.alloc(0))));
  const decoder = createZstdDecompress().end(frames);
  await decoder.toArray();
  const takesAll = decoder.bytesWritten === frames.length;

  const outcome = await decode("zstd", frames).catch(({ code }: InvalidInput) => code);

  expect(outcome).toEqual(takesAll ? Buffer.alloc(0) : "malformed_encoding");
});

it("zstd with a window above 8 MiB is refused", async () => {
  const params = { [constants.ZSTD_c_windowLog]: 27, [constants.ZSTD_c_compressionLevel]: 1 };
  const wide = zstdCompressSync(Buffer.alloc(40_000_000), { params });
  await expect(decode("zstd", wide)).rejects.toMatchObject({ status: 400, code: "malformed_encoding" });
});
