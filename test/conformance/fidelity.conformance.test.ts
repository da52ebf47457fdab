import { describe, expect, test } from "vitest";
import { expectProblem, readUtc } from "./expectations.ts";
import { call, getJson } from "./http-client.ts";
import { eventPath, makeEvent, publish, publishText, uniqueTopic } from "./publishing.ts";

const SMILE = "\u{1f600}";

/** Publishes an event with this text as its payload, and returns the text of the stored payload. */
async function sendPayload(payload: string): Promise<string> {
  const topic = uniqueTopic();
  const others = JSON.stringify(makeEvent({ topic, payload: undefined }));
  await publishText(others.replace(/}$/, `,"payload":${payload}}`));
  const reply = await call(eventPath(topic, "evt-001"));
  expect(reply.status).toBe(200);
  return reply.text;
}

/** Publishes an event with other fields and returns the stored event. */
async function sendAndRead(fields: Record<string, unknown>) {
  const topic = uniqueTopic();
  await publish(makeEvent({ topic, ...fields }));
  return getJson(eventPath(topic, String(fields.event_id ?? "evt-001")));
}

describe("an event comes back as it was sent", () => {
  test("an event is returned with its five fields and its processing time, and without attributes if it has none", async () => {
    const startedAt = Date.now();
    const event = await sendAndRead({});

    expect(event).toMatchObject({ event_id: "evt-001", source: "conformance", payload: { user_id: "123" } });
    expect(event).not.toHaveProperty("attributes");
    const { second } = readUtc(event.processed_at);
    expect(Math.abs(Date.parse(`${second}Z`) - startedAt)).toBeLessThan(600_000);
  });

  test("an event without a payload is returned with an empty one", async () => {
    expect(await sendAndRead({ payload: undefined })).toMatchObject({ payload: {} });
  });

  test.each([
    "12345678901234567890",
    "0.1000000000000000055",
    "-9007199254740993",
    "123456789012345678901234567890",
    "-0",
    "-0.0",
    "1.50",
    "3.141592653589793238462643",
  ])("an event is returned with every digit of %s", async (number) => {
    expect(await sendPayload(`{"n":${number}}`)).toMatch(new RegExp(`"n":\\s*${number}\\s*}`));
  });

  test.each([400, 999, 100_000])("an event is returned with 1e%i in any spelling", async (exponent) => {
    const text = await sendPayload(`{"n":1e${exponent}}`);

    const [, number = ""] = /"n":\s*([^}\s]*)\s*}/.exec(text) ?? [];
    expect([`1e${exponent}`, `1${"0".repeat(exponent)}`]).toContain(number.toLowerCase().replace("+", ""));
  });

  test("attributes keep every digit", async () => {
    const topic = uniqueTopic();
    await publishText(JSON.stringify(makeEvent({ topic })).replace(/}$/, ',"big":12345678901234567890}'));

    expect((await call(eventPath(topic, "evt-001"))).text).toMatch(/"big":\s*12345678901234567890\s*}/);
  });

  test("an event is returned with nested values of all kinds", async () => {
    const payload = { a: [1, "two", null, true, { b: [] }], c: {}, "": "", [SMILE]: `"\\/\b\f\n\r\t${SMILE}\u2028` };

    expect(await sendAndRead({ payload })).toMatchObject({ payload });
  });

  test("__proto__, constructor and similar names are plain keys of a payload", async () => {
    const text = await sendPayload('{"__proto__":{"a":1},"constructor":{"prototype":2},"toString":3}');

    expect(JSON.stringify(JSON.parse(text).payload)).toContain('"__proto__":{"a":1}');
    expect(JSON.parse(text).payload).toMatchObject({ constructor: { prototype: 2 }, toString: 3 });
  });

  test("of repeated keys in a payload the last one is returned", async () => {
    const text = await sendPayload('{"a":1,"a":{"b":1,"b":2},"c":0}');

    expect(JSON.parse(text).payload).toEqual({ a: { b: 2 }, c: 0 });
  });

  test.each([
    ["topic", "5"],
    ["event_id", "[1]"],
    ["timestamp", "null"],
    ["source", "{}"],
    ["payload", '"text"'],
    ["payload", "[1,2]"],
  ])("of two fields %s the last one counts, even if the first one is %s", async (field, first) => {
    const topic = uniqueTopic();

    await publishText(JSON.stringify(makeEvent({ topic })).replace("{", `{"${field}":${first},`));

    expect((await call(eventPath(topic, "evt-001"))).status).toBe(200);
  });

  test("other fields of an event are returned under attributes, with any name", async () => {
    const further = { trace_id: "abc", retries: 3, attributes: { deep: [1] }, processed_at: "never", id: null, "": 0 };

    expect(await sendAndRead(further)).toMatchObject({ attributes: further });
  });

  test("a field named __proto__ is returned under attributes", async () => {
    const topic = uniqueTopic();
    await publishText(JSON.stringify(makeEvent({ topic })).replace(/}$/, ',"__proto__":{"admin":true}}'));

    const reply = await call(eventPath(topic, "evt-001"));

    expect(JSON.stringify(JSON.parse(reply.text).attributes)).toBe('{"__proto__":{"admin":true}}');
  });
});

describe("timestamps come back in UTC, cut off after the microsecond", () => {
  test.each([
    ["2025-10-23T10:00:00Z", "2025-10-23T10:00:00", "000000"],
    ["2025-10-23T10:00:00.5Z", "2025-10-23T10:00:00", "500000"],
    ["2025-10-23T12:00:00.123456789+02:00", "2025-10-23T10:00:00", "123456"],
    ["2025-12-31T23:59:59.9999999Z", "2025-12-31T23:59:59", "999999"],
    ["2025-12-31T20:30:00-05:45", "2026-01-01T02:15:00", "000000"],
    ["2024-02-29T23:00:00-01:00", "2024-03-01T00:00:00", "000000"],
    ["2025-10-23T10:00:00-00:00", "2025-10-23T10:00:00", "000000"],
    ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00", "000000"],
    ["0099-12-31T23:59:59.000001Z", "0099-12-31T23:59:59", "000001"],
    ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59", "999999"],
  ])("the timestamp %s is returned in UTC, cut off after the microsecond", async (timestamp, second, microseconds) => {
    const event = await sendAndRead({ timestamp });

    expect(readUtc(event.timestamp)).toEqual({ second, microseconds });
  });
});

describe("topics and ids are kept unchanged", () => {
  test.each([
    ["dots and wildcards", "a.b.*.>"],
    ["spaces around and inside", " a b "],
    ["slashes", "a/b//c/"],
    ["an encoded slash", "a%2Fb"],
    ["percent signs", "100% %zz %"],
    ["a query and a fragment", "a?b=c&d#e"],
    ["plus signs and semicolons", "a+b;c=d"],
    ["quotes and backslashes", "\"a'\\b`"],
    ["braces and dollars", "{a}:$b"],
    ["emoji", `${SMILE} \u{1f468}\u200d\u{1f469}\u200d\u{1f467}`],
    ["text right to left", "\u0645\u0631\u062d\u0628\u0627"],
    ["C1 and private use", "\u0085\ue000\uffff"],
    ["255 emoji", SMILE.repeat(255)],
  ])("a topic and an id are kept unchanged: %s", async (_name, text) => {
    const topic = uniqueTopic();
    await publish([
      makeEvent({ topic, event_id: text, source: text }),
      makeEvent({ topic: text, event_id: topic, source: "a" }),
    ]);

    expect(await getJson(eventPath(topic, text))).toMatchObject({ topic, event_id: text, source: text });
    expect(await getJson(eventPath(text, topic))).toMatchObject({ topic: text, event_id: topic });
  });

  // Texts with a special meaning in a path, in a subject of the log or in a pattern of SQL.
  test.each([".", "..", "*", ">", " ", "/", "//", "%", "_", "\\", "'", '"', "null", "__proto__", "$1", "\ufeff"])(
    "the topic %j is filtered literally",
    async (topic) => {
      const eventId = uniqueTopic();
      await publish(makeEvent({ topic, event_id: eventId, source: topic }));

      const page = await getJson(`/events?${new URLSearchParams({ topic, limit: "1" })}`);
      expect(page).toMatchObject({ count: 1, events: [{ topic, event_id: eventId, source: topic }] });
    },
  );

  test.each([
    ["composed and decomposed", "caf\u00e9", "cafe\u0301"],
    ["upper and lower case", "ID", "id"],
    ["with and without a space behind", "id", "id "],
    ["Turkish dotless i", "i", "\u0131"],
    ["with a zero-width space", "id", "i\u200bd"],
    ["a ligature and its letters", "\ufb01", "fi"],
    ["full and half width", "\uff11", "1"],
    ["sharp s and its fold", "\u00df", "ss"],
    ["the Kelvin sign and K", "\u212a", "K"],
    ["two orders of combining marks", "a\u0323\u0307", "a\u0307\u0323"],
    ["with and without a joiner", "\u{1f468}\u200d\u{1f469}", "\u{1f468}\u{1f469}"],
  ])("ids are different: %s", async (_name, one, other) => {
    const topic = uniqueTopic();
    await publish(makeEvent({ topic, event_id: one, source: "one" }));

    expect(await publish(makeEvent({ topic, event_id: other, source: "other" }))).toMatchObject({ accepted: 1 });
    expect(await getJson(eventPath(topic, one))).toMatchObject({ source: "one" });
    expect(await getJson(eventPath(topic, other))).toMatchObject({ source: "other" });
  });

  test("an unknown event of a known topic is answered 404", async () => {
    const topic = uniqueTopic();
    await publish(makeEvent({ topic, event_id: "here" }));

    expectProblem(await call(eventPath(topic, "elsewhere")), 404);
    expectProblem(await call(eventPath(uniqueTopic(), "here")), 404);
  });
});
