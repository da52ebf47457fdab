import { describe, expect, test } from "vitest";
import { expectProblem, pointersOf } from "./expectations.ts";
import { getJson } from "./http-client.ts";
import { makeEvent, makeEvents, postJson, publish, uniqueTopic } from "./publishing.ts";

const SMILE = "\u{1f600}";

/** Writes a valid event with this text as the value of one of its fields or of another field. */
function eventText(field: string, text: string | undefined): string {
  const { [field]: _replaced, ...others } = makeEvent({ topic: uniqueTopic() });
  if (text === undefined) return JSON.stringify(others);
  return JSON.stringify(others).replace(/}$/, `,${JSON.stringify(field)}:${text}}`);
}

const NAME_FAULTS: [string, string | undefined][] = [
  ["missing", undefined],
  ["null", "null"],
  ["a number", "7"],
  ["an array", '["a"]'],
  ["empty", '""'],
  ["256 characters", JSON.stringify("a".repeat(256))],
  ["256 emoji", JSON.stringify(SMILE.repeat(256))],
  ["with NUL", '"a\\u0000"'],
  ["with a tab", '"a\\tb"'],
  ["with a newline", '"a\\n"'],
  ["with the last of C0", '"\\u001f"'],
  ["with DEL", '"a\\u007f"'],
  ["with a lone high surrogate", '"a\\ud800"'],
  ["with a lone low surrogate", '"\\udc00a"'],
];

describe.each(["topic", "event_id", "source"])("422 names /%s", (field) => {
  // A single object without a topic could be a batch, so the events here are in an array.
  test.each(NAME_FAULTS)("%s", async (_name, text) => {
    const problem = expectProblem(await postJson(`[${eventText(field, text)}]`), 422);

    expect(pointersOf(problem)).toEqual([`/0/${field}`]);
  });
});

describe("422 names /timestamp", () => {
  test.each([
    ["missing", undefined],
    ["null", "null"],
    ["a number", "1761213600"],
    ["empty", '""'],
    ["a date", '"2025-10-23"'],
    ["a space for T", '"2025-10-23 10:00:00Z"'],
    ["no zone", '"2025-10-23T10:00:00"'],
    ["a zone by name", '"2025-10-23T10:00:00 UTC"'],
    ["no seconds", '"2025-10-23T10:00Z"'],
    ["a point without digits", '"2025-10-23T10:00:00.Z"'],
    ["February 30", '"2025-02-30T10:00:00Z"'],
    ["February 29 in a common year", '"2025-02-29T10:00:00Z"'],
    ["February 29, 1900", '"1900-02-29T10:00:00Z"'],
    ["month 13", '"2025-13-01T10:00:00Z"'],
    ["day 0", '"2025-10-00T10:00:00Z"'],
    ["hour 24", '"2025-10-23T24:00:00Z"'],
    ["minute 60", '"2025-10-23T10:60:00Z"'],
    ["second 60", '"2016-12-31T23:59:60Z"'],
    ["year 0", '"0000-12-31T23:59:59Z"'],
    ["year 10000", '"10000-01-01T00:00:00Z"'],
    ["before year 1 in UTC", '"0001-01-01T00:00:00+01:00"'],
    ["after year 9999 in UTC", '"9999-12-31T23:59:59-01:00"'],
    ["space around it", '" 2025-10-23T10:00:00Z"'],
  ])("422 names /timestamp: %s", async (_name, text) => {
    const problem = expectProblem(await postJson(eventText("timestamp", text)), 422);

    expect(pointersOf(problem)).toEqual(["/timestamp"]);
  });
});

describe("422 names what is wrong in the payload or an attribute", () => {
  const nest = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`;
  test.each([
    ["a null payload", "payload", "null", /^\/payload$/],
    ["an array for payload", "payload", "[]", /^\/payload$/],
    ["a string for payload", "payload", '"{}"', /^\/payload$/],
    ["a number for payload", "payload", "0", /^\/payload$/],
    ["65 levels of objects", "payload", nest(65), /^\/payload(\/|$)/],
    ["65 levels of arrays", "payload", `{"a":${"[".repeat(64)}${"]".repeat(64)}}`, /^\/payload(\/|$)/],
    ["NUL in a string", "payload", '{"a":["b","\\u0000"]}', /^\/payload\/a\/1$/],
    ["NUL in a key", "payload", '{"a\\u0000":1}', /^\/payload(\/|$)/],
    ["a lone high surrogate", "payload", '{"a":"\\ud83d"}', /^\/payload\/a$/],
    ["a lone low surrogate", "payload", '{"a":"\\ude00"}', /^\/payload\/a$/],
    ["surrogates the wrong way round", "payload", '{"a":"\\ude00\\ud83d"}', /^\/payload\/a$/],
    ["1e140000", "payload", '{"a":{"b/c":1e140000}}', /^\/payload\/a\/b~1c$/],
    ["-1e140000", "payload", '{"a":-1e140000}', /^\/payload\/a$/],
    ["1e-140000", "payload", '{"a":1e-140000}', /^\/payload\/a$/],
    ["NUL in an attribute", "extra", '"\\u0000"', /^\/extra$/],
    ["a lone surrogate in an attribute", "extra", '["\\udfff"]', /^\/extra\/0$/],
    ["a number out of range in an attribute", "extra", "1e140000", /^\/extra$/],
  ])("422 names the fault: %s", async (_name, field, text, pointer) => {
    const problem = expectProblem(await postJson(eventText(field, text)), 422);

    expect(pointersOf(problem)).toEqual([expect.stringMatching(pointer)]);
  });

  test("a payload of 64 levels is accepted", async () => {
    expect((await postJson(eventText("payload", nest(64)))).status).toBe(200);
    expect((await postJson(eventText("payload", `{"a":${"[".repeat(63)}${"]".repeat(63)}}`))).status).toBe(200);
  });
});

describe("422 for JSON that is not an event", () => {
  test.each(["42", '"event"', "true", "null", "[42]", "[null]", "[[]]", "{}", '{"events":42}', '{"events":[{}]}'])(
    "%s",
    async (body) => {
      expectProblem(await postJson(body), 422);
    },
  );

  test.each(["[]", '{"events":[]}'])("an empty batch is refused with 422: %s", async (body) => {
    expectProblem(await postJson(body), 422);
  });

  test("10,001 events are refused with 422, and none is stored", async () => {
    const topic = uniqueTopic();

    expectProblem(await postJson(JSON.stringify(makeEvents(topic, 10_001))), 422);

    expect(await getJson(`/events?topic=${topic}`)).toMatchObject({ count: 0 });
  });
});

describe("a strict refusal", () => {
  test("the pointers of a refusal refer to the body as the client sent it", async () => {
    const topic = uniqueTopic();
    const [good, other] = makeEvents(topic, 2);
    const bad = makeEvent({ topic, source: "" });

    const alone = expectProblem(await postJson(JSON.stringify(bad)), 422);
    const inArray = expectProblem(await postJson(JSON.stringify([good, bad, other])), 422);
    const inObject = expectProblem(await postJson(JSON.stringify({ events: [good, other, bad] })), 422);

    expect(pointersOf(alone)).toEqual(["/source"]);
    expect(pointersOf(inArray)).toEqual(["/1/source"]);
    expect(pointersOf(inObject)).toEqual(["/events/2/source"]);
    expect(inArray.errors[0]?.detail).toEqual(expect.stringMatching(/./));
  });

  test("a refusal names every fault in every event", async () => {
    const topic = uniqueTopic();
    const body = [makeEvent({ topic, source: "", timestamp: "now" }), makeEvent({ topic, event_id: 5 })];

    const problem = expectProblem(await postJson(JSON.stringify(body)), 422);

    expect(pointersOf(problem).sort()).toEqual(["/0/source", "/0/timestamp", "/1/event_id"]);
  });

  test("a refusal lists the first hundred faults", async () => {
    const bad = makeEvents(uniqueTopic(), 150).map((event) => ({ ...event, source: "" }));

    const problem = expectProblem(await postJson(JSON.stringify(bad)), 422);

    expect(pointersOf(problem)).toEqual(Array.from({ length: 100 }, (_, index) => `/${index}/source`));
  });

  test("a refused batch stores nothing: its valid events are new afterwards", async () => {
    const topic = uniqueTopic();
    const good = makeEvents(topic, 2);
    const bad = makeEvent({ topic, event_id: "bad", timestamp: "yesterday" });

    expectProblem(await postJson(JSON.stringify([good[0], bad, good[1]])), 422);

    expect(await getJson(`/events?topic=${topic}`)).toMatchObject({ count: 0, events: [] });
    expect(await publish(good)).toMatchObject({ received: 2, accepted: 2, duplicates: 0 });
  });
});
