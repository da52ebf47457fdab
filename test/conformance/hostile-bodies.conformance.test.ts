import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { expectProblem, pointersOf } from "./expectations.ts";
import { expectNothingTaken } from "./hostility.ts";
import { call, getJson } from "./http-client.ts";
import { makeEvent, makeEvents, postJson, publish, uniqueTopic } from "./publishing.ts";

// Bodies that are made to do harm. Each of them is refused with the right class of status, changes no figure of the
// books, and leaves the service healthy. The files refused-bodies and refused-events test ordinary mistakes.

const MILLION = 1_000_000;
const topic = uniqueTopic("hostile");
const good = JSON.stringify(makeEvent({ topic }));
const withField = (name: string, value: string) => good.replace(/}$/, `,${name}:${value}}`);
const inBytes = (character: string, ...bytes: number[]) => {
  const [before = "", after = ""] = withField('"payload"', `{"text":"${character}"}`).split(character);
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
};

const DEEP: [string, string, number][] = [
  ["arrays", "[".repeat(MILLION) + "]".repeat(MILLION), 422],
  ["arrays that never close", "[".repeat(MILLION), 400],
  ["arrays that only close", "]".repeat(MILLION), 400],
  ["objects", `${'{"a":'.repeat(MILLION)}0${"}".repeat(MILLION)}`, 422],
  ["arrays in a payload", withField('"payload"', `{"a":${"[".repeat(MILLION)}${"]".repeat(MILLION)}}`), 422],
  ["objects in an attribute", withField('"more"', `${'{"a":'.repeat(MILLION)}0${"}".repeat(MILLION)}`), 422],
  ["arrays in the last of a batch", `[${good},${"[".repeat(MILLION)}${"]".repeat(MILLION)}]`, 422],
  ["arrays for events", `{"events":${"[".repeat(MILLION)}${"]".repeat(MILLION)}}`, 422],
  ["arrays under __proto__", `{"__proto__":${"[".repeat(MILLION)}${"]".repeat(MILLION)}}`, 422],
];

const SHAPES: [string, string, number][] = [
  ["an event under __proto__", `{"__proto__":${good}}`, 422],
  ["events under __proto__", `{"__proto__":{"events":[${good}]}}`, 422],
  ["events beside __proto__", `{"events":[${good}],"__proto__":{"topic":"a"}}`, 422],
  ["an event under constructor", `{"constructor":{"prototype":${good}}}`, 422],
  ["an object in place of an array", `{"events":{"0":${good},"length":1}}`, 422],
  ["a good event behind which the last of repeated topics is bad", withField('"topic"', "[]"), 422],
  ["a repeated events of which the last is empty", `{"events":[${good}],"events":[]}`, 422],
  ["a topic that converts itself to a string", withField('"topic"', `{"toString":"${topic}"}`), 422],
  ["a million commas", `[${",".repeat(MILLION)}]`, 400],
  ["a million empty objects", `[${"{},".repeat(MILLION)}{}]`, 422],
  ["an event of 10,001 members", withField('"a"', `1${',"b":2'.repeat(9_995)}`), 422],
  ["a million attributes and no event", `{${'"a":1,'.repeat(MILLION)}"b":1}`, 422],
  ["a million escaped quotes that never end", `{"topic":"${'\\"'.repeat(MILLION)}`, 400],
  ["a number of a million digits", withField('"payload"', `{"n":${"9".repeat(MILLION)}}`), 422],
  ["a number with an exponent of a million digits", withField('"payload"', `{"n":1e${"9".repeat(MILLION)}}`), 422],
  ["a thousand numbers out of range", withField('"payload"', `{"n":[${"1e999999,".repeat(1_000)}0]}`), 422],
  ["an event id of a million characters", withField('"event_id"', `"${"x".repeat(MILLION)}"`), 422],
];

const CHARACTERS: [string, string | Buffer, number][] = [
  ["NUL as it is, in a string", inBytes("%", 0x00), 400],
  ["NUL as it is, between two tokens", good.replace(":", ":\u0000"), 400],
  ["NUL as it is, behind the end", `${good}\u0000`, 400],
  ["NUL escaped in the timestamp", withField('"timestamp"', '"2025-10-23T10:00:00Z\\u0000"'), 422],
  ["NUL escaped in the name of an attribute", withField('"a\\u0000"', "1"), 422],
  ["NUL escaped in a key inside an attribute", withField('"more"', '{"a\\u0000":1}'), 422],
  ["a lone surrogate in the timestamp", withField('"timestamp"', '"2025-10-23T10:00:00Z\\ud800"'), 422],
  ["a lone surrogate in the name of an attribute", withField('"\\udfff"', "1"), 422],
  ["a lone surrogate in a key of the payload", withField('"payload"', '{"\\ud800":1}'), 422],
  ["a lone surrogate in a key inside an attribute", withField('"more"', '[{"\\ud800":1}]'), 422],
  ["half a character at the end of the body", inBytes("%", 0xf0, 0x9f).subarray(0, -3), 400],
  ["a surrogate pair written as UTF-8", inBytes("%", 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80), 400],
  ["an overlong NUL", inBytes("%", 0xc0, 0x80), 400],
  ["a byte order mark behind white space", ` \ufeff${good}`, 400],
  ["two byte order marks", `\ufeff\ufeff${good}`, 400],
  ["a byte order mark of UTF-16", Buffer.from(`\ufeff${good}`, "utf16le"), 400],
  ["UTF-32", Buffer.from([...good].flatMap((character) => [character.charCodeAt(0), 0, 0, 0])), 400],
];

describe("hostile bodies", () => {
  test.each([
    ["nested a million deep", DEEP],
    ["of a shape made to confuse", SHAPES],
    ["with characters that cannot be kept", CHARACTERS],
  ])("bodies %s are refused, and nothing is stored", async (_kind, bodies) => {
    await expectNothingTaken(async () => {
      for (const [name, body, status] of bodies) {
        const reply = await postJson(body);
        expect([name, reply.status, reply.text.slice(0, 500)]).toEqual([name, status, expect.any(String)]);
        expectProblem(reply, status);
      }
    });
  });

  test("100,000 faults under a key of a million characters are answered with 64 KiB at most, and counted", async () => {
    const nulls = `[${'"\\u0000",'.repeat(99_999)}"\\u0000"]`;

    await expectNothingTaken(async () => {
      const reply = await postJson(withField('"payload"', `{"${"\u20ac".repeat(MILLION)}":${nulls}}`));
      const { errors, errors_total } = expectProblem(reply, 422);
      expect(Buffer.byteLength(reply.text)).toBeLessThanOrEqual(64 * 1024);
      expect([errors.length, errors_total]).toEqual([100, 100_000]);
      for (const { pointer } of errors) expect(pointer).toMatch(/^\/payload\/\u20ac+\u2026\u20ac+\/\d+$/);
    });
  });

  test("a batch of 10,000 events whose last one is invalid is refused as a whole", async () => {
    const events = [...makeEvents(topic, 9_999), makeEvent({ topic, source: "\u0000" })];

    await expectNothingTaken(async () => {
      const problem = expectProblem(await postJson(JSON.stringify(events)), 422);
      expect(pointersOf(problem)).toEqual(["/9999/source"]);
    });
  });

  test("10,001 events are refused, as an array and as an object", async () => {
    const events = makeEvents(topic, 10_001);

    await expectNothingTaken(async () => {
      expectProblem(await postJson(JSON.stringify(events)), 422);
      expectProblem(await postJson(JSON.stringify({ events })), 422);
    });
  });
});

describe("decompression bombs", () => {
  const unfolded = Buffer.from(good.padEnd(48_000_000, " "));
  const gzipped = gzipSync(unfolded, { level: 1 });
  const half = gzipSync(good.padEnd(4_500_000, " "), { level: 1 });
  const zstdHalf = zstdCompressSync(good.padEnd(4_500_000, " "));
  const wide = { params: { [constants.ZSTD_c_windowLog]: 27 } };
  test.each<[string, string, Buffer, number]>([
    ["gzip", "gzip", gzipped, 413],
    ["gzip in capitals", "GZip", gzipped, 413],
    ["gzip by its old name", "x-gzip", gzipped, 413],
    ["brotli", "br", brotliCompressSync(unfolded, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }), 413],
    ["zstd", "zstd", zstdCompressSync(unfolded), 413],
    ["gzip beside identity", "identity, gzip", gzipped, 413],
    ["two members of gzip that fit one by one", "gzip", Buffer.concat([half, half]), 413],
    ["two frames of zstd that fit one by one", "zstd", Buffer.concat([zstdHalf, zstdHalf]), 413],
    ["zstd that asks for a window of 128 MiB", "zstd", zstdCompressSync(unfolded, wide), 400],
    ["a million empty frames of zstd", "zstd", Buffer.alloc(7_999_992, zstdCompressSync("")), 400],
    ["gzip of nothing, over and over", "gzip", Buffer.alloc(7_999_980, gzipSync("")), 400],
    ["gzip in gzip", "gzip, gzip", gzipSync(gzipped), 415],
    ["deflate", "deflate", deflateSync(unfolded, { level: 1 }), 415],
  ])("a decompression bomb is refused: %s", async (_name, encoding, body, status) => {
    await expectNothingTaken(async () => {
      expectProblem(await postJson(body, { "content-encoding": encoding }), status);
    });
  });

  test("a legal event that grows more than 100-fold is refused, and one that does not is accepted", async () => {
    const event = makeEvent({ topic: uniqueTopic() });
    const growing = (count: number) => gzipSync(JSON.stringify({ ...event, payload: { a: Array(count).fill([]) } }));

    await expectNothingTaken(async () => {
      const problem = expectProblem(await postJson(growing(2_600_000), { "content-encoding": "gzip" }), 413);
      expect(problem.code).toBe("expansion_too_large");
    });
    const small = await postJson(growing(300_000), { "content-encoding": "gzip", prefer: "wait=30" });
    expect(small.status).toBe(200);
  });

  test("a hundred decompression bombs at once are refused, and the service stays healthy", async () => {
    const bombs = Array.from({ length: 100 }, () => postJson(gzipped, { "content-encoding": "gzip" }));

    await expectNothingTaken(async () => {
      for (const reply of await Promise.all(bombs)) expectProblem(reply, 413, 503);
    });
  });

  test("a compressed body without Content-Encoding is refused", async () => {
    await expectNothingTaken(async () => {
      expectProblem(await postJson(gzipSync(good)), 400);
    });
  });
});

describe("the limit of the body, in chunks", () => {
  const LIMIT = 8_000_000;
  const headers = { "content-type": "application/json", prefer: "wait=30" };
  const post = (body: string) => call("/publish", { method: "POST", headers, body, chunked: true });

  test("a body in chunks of exactly the limit is accepted, including white space", async () => {
    const body = JSON.stringify(makeEvent({ topic: uniqueTopic() })).padEnd(LIMIT, " ");

    expect((await post(body)).status).toBe(200);
  });

  test("a body in chunks of one byte more than the limit is refused, including white space", async () => {
    await expectNothingTaken(async () => {
      expectProblem(await post(good.padEnd(LIMIT + 1, " ")), 413);
    });
  });
});

test("no event of the hostile bodies was stored", async () => {
  expect(await getJson(`/events?topic=${topic}`)).toMatchObject({ count: 0 });
  expect(await publish(JSON.parse(good))).toMatchObject({ accepted: 1 });
});
