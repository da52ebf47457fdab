import { describe, expect, test } from "vitest";
import { getJson } from "./http-client.ts";
import { eventPath, publishText, uniqueTopic } from "./publishing.ts";

const FIELDS = {
  event_id: '"e"',
  timestamp: '"2025-10-23T10:00:00Z"',
  source: '"s"',
  payload: '{"a":1,"b":[true,null]}',
  trace: '{"id":"x"}',
};

/** Writes an event with other texts for some of its fields. An empty text leaves the field out. */
function eventText(topic: string, changes: Record<string, string> = {}): string {
  const fields = Object.entries({ topic: JSON.stringify(topic), ...FIELDS, ...changes }).filter(
    ([, text]) => text !== "",
  );
  return `{${fields.map(([name, text]) => `"${name}":${text}`).join(",")}}`;
}

describe("a duplicate whose content differs is a conflict", () => {
  test.each([
    ["another payload", { payload: '{"a":2,"b":[true,null]}' }],
    ["a payload with its array in another order", { payload: '{"a":1,"b":[null,true]}' }],
    ["a number that differs in its twentieth digit", { payload: '{"a":1.0000000000000000001,"b":[true,null]}' }],
    ["a string for a number", { payload: '{"a":"1","b":[true,null]}' }],
    ["no payload", { payload: "" }],
    ["another source", { source: '"t"' }],
    ["another instant", { timestamp: '"2025-10-23T10:00:00.000001Z"' }],
    ["another attribute", { trace: '{"id":"y"}' }],
    ["one attribute less", { trace: "" }],
    ["one attribute more", { more: "1" }],
  ])("a duplicate with other content is a conflict: %s", async (_name, changes) => {
    const topic = uniqueTopic();
    await publishText(eventText(topic));

    const counts = await publishText(eventText(topic, changes));

    expect(counts).toMatchObject({ received: 1, accepted: 0, duplicates: 1, conflicts: 1 });
  });

  test("of two conflicting events in one batch the first is stored", async () => {
    const topic = uniqueTopic();

    const counts = await publishText(`[${eventText(topic)},${eventText(topic, { source: '"t"' })}]`);

    expect(counts).toMatchObject({ received: 2, accepted: 1, duplicates: 1, conflicts: 1 });
    expect(await getJson(eventPath(topic, "e"))).toMatchObject({ source: "s" });
  });

  test("a conflict does not change the stored event", async () => {
    const topic = uniqueTopic();
    await publishText(eventText(topic));
    const before = await getJson(eventPath(topic, "e"));

    await publishText(eventText(topic, { payload: '{"a":2}' }));

    expect(await getJson(eventPath(topic, "e"))).toEqual(before);
  });
});

describe("a duplicate that is only written differently is not a conflict", () => {
  test.each([
    ["the same text", {}],
    ["keys in another order and white space", { payload: ' { "b" : [ true,\n null ] , "a" : 1 } ' }],
    ["1.0 for 1", { payload: '{"a":1.0,"b":[true,null]}' }],
    ["10e-1 for 1", { payload: '{"a":10e-1,"b":[true,null]}' }],
    ["a letter as an escape", { payload: '{"\\u0061":1,"b":[true,null]}' }],
    ["a key repeated, the last one the same", { payload: '{"a":7,"b":[true,null],"a":1}' }],
    ["the same instant with an offset", { timestamp: '"2025-10-23T12:00:00.000+02:00"' }],
    ["digits past the microsecond", { timestamp: '"2025-10-23T10:00:00.0000009Z"' }],
  ])("a duplicate that is only written differently is not a conflict: %s", async (_name, changes) => {
    const topic = uniqueTopic();
    await publishText(eventText(topic));

    const { conflicts = 0, ...counts } = await publishText(eventText(topic, changes));

    expect(counts).toMatchObject({ received: 1, accepted: 0, duplicates: 1 });
    expect(conflicts).toBe(0);
  });

  test("an empty payload and no payload are the same content", async () => {
    const topic = uniqueTopic();
    await publishText(eventText(topic, { payload: "" }));

    const { conflicts = 0, duplicates } = await publishText(eventText(topic, { payload: "{}" }));

    expect({ conflicts, duplicates }).toEqual({ conflicts: 0, duplicates: 1 });
  });
});
