import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";

/** A request of a case. */
export interface HostileRequest {
  method: "GET" | "POST";
  path: string;
  headers: Record<string, string>;
  body: Buffer;
  /** The bytes of the body after decompression. */
  bodyBytes: number;
}

/** Requests that are made to cost much. All requests of a case are sent at the same time. */
export interface HostileCase {
  name: string;
  /** Requests that store the events that the case needs. Their cost is not counted. */
  prepare?: HostileRequest[];
  requests: HostileRequest[];
  /** The bytes of an answer that a byte of the request justifies, where the client asked for a result of each event. */
  answerBytesPerByte?: number;
}

const MILLION = 1_000_000;
// The wait is long, so that a busy machine does not turn an accepted body into a 503 `outcome_unknown`.
const POST_JSON = { "content-type": "application/json", prefer: "wait=60" };
const COMPRESS = {
  gzip: gzipSync,
  zstd: zstdCompressSync,
  br: (text: string) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
};

let lastId = 0;

/** Writes an event with a new id. */
function event(payload = "{}", more = "", id = `evt-${lastId++}`): string {
  const head = `"topic":"hostile","event_id":"${id}","timestamp":"2025-10-23T10:00:00Z","source":"s"`;
  return `{${head},"payload":${payload}${more}}`;
}

function list(count: number, item: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => item(index)).join(",");
}

function post(text: string, headers: Record<string, string> = {}): HostileRequest {
  const body = Buffer.from(text);
  return { method: "POST", path: "/publish", headers: { ...POST_JSON, ...headers }, body, bodyBytes: body.length };
}

function compressed(encoding: keyof typeof COMPRESS, text: string): HostileRequest {
  const headers = { ...POST_JSON, "content-encoding": encoding };
  const bodyBytes = Buffer.byteLength(text);
  return { method: "POST", path: "/publish", headers, body: COMPRESS[encoding](text), bodyBytes };
}

function get(path: string, headers: Record<string, string> = {}): HostileRequest {
  return { method: "GET", path, headers, body: Buffer.alloc(0), bodyBytes: 0 };
}

const repeat = (count: number, create: () => HostileRequest) => Array.from({ length: count }, create);
const arrays = (id?: string) => event(`{"a":[${list(2_600_000, () => "[]")}]}`, "", id);
const objects = () => event(`{"a":[${list(2_600_000, () => "{}")}]}`);
const attributes = (count: number) => event("{}", `,${list(count, (index) => `"k${index}":1`)}`);
const longKey = (faults: number) => event(`{"${"k".repeat(7_900_000)}":[${list(faults, () => '"\\u0000"')}]}`);
const bomb = () => event().padEnd(48 * MILLION);

/** A legal body of the maximum size, with which the others are compared. */
export const reference = (): HostileCase => ({
  name: "10,000 ordinary events",
  requests: [post(`[${list(10_000, () => event(`{"text":"${"some words ".repeat(60)}"}`))}]`)],
});

/** Creates the cases. Each case has its own events, so that none is a duplicate of another case. */
export const CASES: (() => HostileCase)[] = [
  () => ({ name: "60 faults under a key of 7.9 MB, gzip", requests: [compressed("gzip", longKey(60))] }),
  () => ({ name: "60 faults under a key of 7.9 MB", requests: [post(longKey(60))] }),
  () => ({ name: "3 faults under a key of 7.9 MB, 8 at once", requests: repeat(8, () => post(longKey(3))) }),
  () => ({ name: "a million faults", requests: [post(event(`{"a":[${list(880_000, () => '"\\u0000"')}]}`))] }),
  () => ({ name: "2.6 million [], gzip", requests: [compressed("gzip", arrays())] }),
  () => ({ name: "2.6 million []", requests: [post(arrays())] }),
  () => ({ name: "2.6 million {}, gzip, 8 at once", requests: repeat(8, () => compressed("gzip", objects())) }),
  () => ({ name: "2.6 million {}, 8 at once", requests: repeat(8, () => post(objects())) }),
  () => ({
    name: "660,000 keys in a payload",
    requests: [post(event(`{${list(660_000, (index) => `"k${index}":1`)}}`))],
  }),
  () => ({ name: "600,000 attributes", requests: [post(attributes(600_000))] }),
  () => ({
    name: "600,000 attributes, gzip, 8 at once",
    requests: repeat(8, () => compressed("gzip", attributes(600_000))),
  }),
  () => ({ name: "70 events of 9,900 attributes", requests: [post(`[${list(70, () => attributes(9_900))}]`)] }),
  () => ({
    name: "880,000 numbers with long exponents",
    requests: [post(event(`{"a":[${list(880_000, () => "1e131071")}]}`))],
  }),
  ...(["gzip", "br", "zstd"] as const).map((encoding) => () => ({
    name: `48 MB of spaces, ${encoding}`,
    requests: [compressed(encoding, bomb())],
  })),
  () => ({
    name: "10,000 events without fields, lenient",
    requests: [post(`[${event()},${list(9_999, () => "{}")}]`, { prefer: "handling=lenient, return=representation" })],
    answerBytesPerByte: 64, // a result of some hundred bytes for an event of three
  }),
  () => ({ name: "2.6 million empty events", requests: [post(`[${list(2_600_000, () => "{}")}]`)] }),
  () => ({
    name: "Prefer of 15 KB of escaped quotes, 40 at once",
    requests: repeat(40, () => post(event(), { prefer: `x="${'\\"'.repeat(7_500)}` })),
  }),
  () => ({
    name: "other headers of 15 KB, 40 at once",
    requests: repeat(40, () => post(event(), { accept: "a,;/ ".repeat(3_000) })),
  }),
  () => ({
    name: "an address of 12 KB, 40 at once",
    requests: repeat(40, () => get(`/events?${list(1_200, (index) => `a${index}=%41`).replaceAll(",", "&")}`)),
  }),
  () => ({
    name: "4 differing duplicates of 2.6 million []",
    prepare: [post(arrays("large"))],
    requests: [0, 1, 2, 3].map((n) => post(arrays("large").replace('"a":[', `"n":${n},"a":[`))),
  }),
  () => ({
    name: "1,000 small differing duplicates of an event of 7.8 MB",
    prepare: [post(arrays("stored"))],
    requests: [post(`[${list(1_000, (index) => event(`{"n":${index}}`, "", "stored"))}]`)],
  }),
];
