import { describe, expect, test } from "vitest";
import { expectProblem } from "./expectations.ts";
import { call, getJson } from "./http-client.ts";
import { makeEvent, postJson, uniqueTopic } from "./publishing.ts";

const BODY_LIMIT = 8_000_000;
const LIMIT_IN_WORDS = /8[,_ .]?000[,_ .]?000/;

describe("400 for a body that is not JSON in UTF-8", () => {
  const event = JSON.stringify(makeEvent({ topic: uniqueTopic() }));
  const withBytes = (...bytes: number[]) => {
    const [before = "", after = ""] = event.split("evt-001");
    return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
  };
  test.each([
    ["nothing", ""],
    ["white space", " \n"],
    ["a word", "event"],
    ["truncated in an object", event.slice(0, -1)],
    ["truncated in a string", event.slice(0, -30)],
    ["a truncated batch", `[${event},`],
    ["something behind it", `${event}x`],
    ["two events without an array", `${event}${event}`],
    ["a comma too many", `[${event},]`],
    ["single quotes", event.replaceAll('"', "'")],
    ["a comment", `${event} // done`],
    ["NaN", event.replace('"123"', "NaN")],
    ["a leading zero", event.replace('"123"', "0123")],
    ["a control character in a string", event.replace("evt-001", "a\nb")],
    ["an unknown escape", event.replace("evt-001", "\\x41")],
    ["a byte order mark", `\ufeff${event}`],
    ["UTF-16", Buffer.from(event, "utf16le")],
    ["a stray byte", withBytes(0xff)],
    ["a truncated character", withBytes(0xe2, 0x82)],
    ["an overlong character", withBytes(0xc0, 0xaf)],
    ["a surrogate as UTF-8", withBytes(0xed, 0xa0, 0x80)],
    ["a character beyond Unicode", withBytes(0xf4, 0x90, 0x80, 0x80)],
  ])("a body that is not JSON in UTF-8 is refused with 400: %s", async (_name, body) => {
    expectProblem(await postJson(body), 400);
  });
});

describe("the limit of the body", () => {
  const eventOfBytes = (bytes: number, topic: string) => {
    const empty = JSON.stringify(makeEvent({ topic, payload: { pad: "" } }));
    return empty.replace('"pad":""', `"pad":"${"x".repeat(bytes - empty.length)}"`);
  };

  test("a body of exactly the limit is accepted", async () => {
    expect((await postJson(eventOfBytes(BODY_LIMIT, uniqueTopic()))).status).toBe(200);
  });

  test("the 413 for a body above the limit names the limit", async () => {
    const problem = expectProblem(await postJson(eventOfBytes(BODY_LIMIT + 1, uniqueTopic())), 413);

    expect(problem.detail).toMatch(LIMIT_IN_WORDS);
  });

  test("a body above the limit without a declared length is refused with 413, and nothing is stored", async () => {
    const topic = uniqueTopic();
    const body = eventOfBytes(BODY_LIMIT + 1, topic);
    const headers = { "content-type": "application/json" };

    const problem = expectProblem(await call("/publish", { method: "POST", headers, body, chunked: true }), 413);

    expect(problem.detail).toMatch(LIMIT_IN_WORDS);
    expect(await getJson(`/events?topic=${topic}`)).toMatchObject({ count: 0 });
  });

  test.each([
    ["too large", BODY_LIMIT + 1_000_000, "application/json", 413],
    ["of an unsupported type", BODY_LIMIT - 1_000_000, "text/plain", 415],
  ])("the refusal reaches a client that is still sending a body %s", async (_name, bytes, type, status) => {
    const body = Buffer.alloc(bytes, " ");

    for (let round = 0; round < 20; round++) {
      expectProblem(await postJson(body, { "content-type": type }), status);
    }
  });

  test("a small body without a declared length is accepted", async () => {
    const body = JSON.stringify(makeEvent({ topic: uniqueTopic() }));
    const headers = { "content-type": "application/json" };

    expect((await call("/publish", { method: "POST", headers, body, chunked: true })).status).toBe(200);
  });
});

describe("415", () => {
  const body = JSON.stringify(makeEvent({ topic: uniqueTopic() }));

  test.each(["text/plain", "application/xml", "application/x-www-form-urlencoded", "application/jsonp", "nonsense"])(
    "415 for the content type %s",
    async (type) => {
      expectProblem(await postJson(body, { "content-type": type }), 415);
    },
  );

  test("415 without a content type", async () => {
    expectProblem(await call("/publish", { method: "POST", body }), 415);
  });

  test("415 for an unknown content encoding", async () => {
    expectProblem(await postJson(body, { "content-encoding": "compress" }), 415);
  });

  test.each(["application/json; charset=utf-8", "Application/JSON", 'application/json;charset="UTF-8"'])(
    "the content type %s is accepted",
    async (type) => {
      const event = JSON.stringify(makeEvent({ topic: uniqueTopic() }));
      expect((await postJson(event, { "content-type": type })).status).toBe(200);
    },
  );
});

describe("invalid requests", () => {
  test.each([
    "limit=0",
    "limit=-1",
    "limit=1001",
    "limit=1.5",
    "limit=ten",
    "limit=",
    "order=sideways",
    "cursor=bm90LW91cnM",
    "cursor=%F0%9F%98%80",
    "cursor=",
  ])("400 for GET /events?%s", async (query) => {
    expectProblem(await call(`/events?${query}`), 400);
  });

  test("400 for a cursor with one character changed", async () => {
    const topic = uniqueTopic();
    const events = [makeEvent({ topic, event_id: "a" }), makeEvent({ topic, event_id: "b" })];
    await postJson(JSON.stringify(events), { prefer: "wait=30" });
    const { next_cursor: cursor } = await getJson(`/events?topic=${topic}&limit=1`);

    const broken = `${String(cursor).slice(0, -3)}*${String(cursor).slice(-2)}`;

    expectProblem(await call(`/events?topic=${topic}&limit=1&cursor=${encodeURIComponent(broken)}`), 400);
  });

  test.each(["/nothing-here", "/publish/more", "/events/only-a-topic", "/stats/nothing"])(
    "404 for the path %s",
    async (path) => {
      expectProblem(await call(path), 404);
    },
  );

  test.each([
    ["GET", "/publish"],
    ["PUT", "/publish"],
    ["PUT", "/events"],
    ["POST", "/stats"],
  ])("404 or 405 for %s %s", async (method, path) => {
    expectProblem(await call(path, { method }), 404, 405);
  });
});
