import type { ConflictFields } from "@tidemark/domain/verdict";
import { describe, expect, test } from "vitest";
import { verdictsOf } from "../applying.ts";
import { eventText, type SampleEvent } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";

const EARLY = { timestamp: "2025-10-23T10:00:00Z" };
const LATE = { timestamp: "2025-10-24T10:00:00Z" };

const SAME: [name: string, first: SampleEvent, second: SampleEvent][] = [
  [
    "the same instant spelled otherwise",
    { timestamp: "2025-10-23T10:00:00Z" },
    { timestamp: "2025-10-23T10:00:00.0Z" },
  ],
  ["microseconds with zeros", { timestamp: "2025-10-23T10:00:00.12Z" }, { timestamp: "2025-10-23T10:00:00.120000Z" }],
  ["no payload and an empty one", {}, { payload: "{}" }],
  ["key order", { payload: '{"a":1,"b":{"c":2,"d":3}}' }, { payload: '{"b":{"d":3,"c":2},"a":1}' }],
  ["white space", { payload: '{"a":[1,2]}' }, { payload: ' {\n "a" : [ 1 ,\t2 ] }\r' }],
  ["1 and 1.0", { payload: '{"n":1}' }, { payload: '{"n":1.0}' }],
  ["1 and 10e-1", { payload: '{"n":1}' }, { payload: '{"n":10e-1}' }],
  ["0 and -0", { payload: '{"n":0}' }, { payload: '{"n":-0}' }],
  ["100 and 1E+2", { payload: '{"n":100}' }, { payload: '{"n":1E+2}' }],
  ["escapes", { payload: '{"\\u0061":"\\u00e9\\/"}' }, { payload: '{"a":"\u00e9/"}' }],
  ["repeated keys with the same last value", { payload: '{"a":1,"b":0,"a":2}' }, { payload: '{"a":2,"b":0}' }],
  ["the order of attributes", { attributes: '{"a":1,"b":2}' }, { attributes: '{"b":2.0,"a":1}' }],
  ["a numeric spelling in attributes", { attributes: '{"n":5}' }, { attributes: '{"n":50e-1}' }],
  ["a timestamp that was filled in, and one", { ...EARLY, isTimestampFilled: true }, LATE],
  ["a timestamp, and one that was filled in", EARLY, { ...LATE, isTimestampFilled: true }],
  ["two that were filled in", { ...EARLY, isTimestampFilled: true }, { ...LATE, isTimestampFilled: true }],
];

const DIFFERENT: [name: string, first: SampleEvent, second: SampleEvent][] = [
  ["source", { source: "a" }, { source: "b" }],
  ["the case of the source", { source: "a" }, { source: "A" }],
  ["instant", { timestamp: "2025-10-23T10:00:00Z" }, { timestamp: "2025-10-23T10:00:00.000001Z" }],
  [
    "payload, beside a timestamp that was filled in",
    { ...EARLY, isTimestampFilled: true, payload: '{"a":1}' },
    { ...LATE, payload: '{"a":2}' },
  ],
  ["payload and none", {}, { payload: '{"a":1}' }],
  [
    "the last digit of a long number",
    { payload: '{"n":12345678901234567890}' },
    { payload: '{"n":12345678901234567891}' },
  ],
  ["the last digit of a long fraction", { payload: '{"n":0.1000000000000000055}' }, { payload: '{"n":0.1}' }],
  ["number and string", { payload: '{"a":1}' }, { payload: '{"a":"1"}' }],
  ["null and absent", { payload: '{"a":null}' }, { payload: "{}" }],
  ["the order of an array", { payload: '{"a":[1,2]}' }, { payload: '{"a":[2,1]}' }],
  ["a deep value", { payload: '{"a":{"b":[{"c":1}]}}' }, { payload: '{"a":{"b":[{"c":2}]}}' }],
  ["the last of repeated keys", { payload: '{"a":1,"a":2}' }, { payload: '{"a":2,"a":1}' }],
  ["a __proto__ key", { payload: '{"__proto__":{"a":1}}' }, { payload: '{"__proto__":{"a":2}}' }],
  ["composed and decomposed text", { payload: '{"a":"\u00e9"}' }, { payload: '{"a":"e\u0301"}' }],
  ["a zero", { payload: '{"n":10}' }, { payload: '{"n":100}' }],
  ["a sign", { payload: '{"n":1}' }, { payload: '{"n":-1}' }],
  ["attributes and none", {}, { attributes: '{"a":1}' }],
  ["an attribute", { attributes: '{"a":1}' }, { attributes: '{"a":2}' }],
];

export function describeConflicts(open: OpenForTest): void {
  describe("a conflict", () => {
    // The test compares within one frame and across calls, because a store may treat rows of its own transaction
    // differently.
    test("a conflict is not caused by another spelling of the same content", async () => {
      const { store } = await open();
      for (const [name, first, second] of SAME) {
        const [left, right] = [eventText({ ...first, id: name }), eventText({ ...second, id: name })];
        expect([name, ...(await verdictsOf(store, [left, right]))]).toEqual([name, "sd"]);
        expect([name, ...(await verdictsOf(store, [right, left]))]).toEqual([name, "dd"]);
      }
      expect(await store.readBooks({ maxTopics: 1 })).toMatchObject({ conflicts: 0, duplicates: 3 * SAME.length });
    });

    test("a conflict is a duplicate that differs in source, instant, payload or attributes", async () => {
      const { store } = await open();
      for (const [name, first, second] of DIFFERENT) {
        const [left, right] = [eventText({ ...first, id: name }), eventText({ ...second, id: name })];
        expect([name, ...(await verdictsOf(store, [left, right]))]).toEqual([name, "sc"]);
        expect([name, ...(await verdictsOf(store, [right, left]))]).toEqual([name, "cd"]);
      }
      const counts = { conflicts: 2 * DIFFERENT.length, duplicates: 3 * DIFFERENT.length };
      expect(await store.readBooks({ maxTopics: 1 })).toMatchObject(counts);
    });

    test("a field that is not in CONFLICT_FIELDS makes no conflict, also of events that were stored before", async () => {
      const opened = await open();
      const large = JSON.stringify({ text: "x".repeat(20_000) });
      const copiesOf = (id: string, payload: string) => {
        const base = { topic: "t", id, payload, attributes: '{"a":1}' };
        return [{}, { source: "other" }, LATE, { payload: '{"other":1}' }, { attributes: '{"a":2}' }].map((change) =>
          eventText({ ...base, ...EARLY, ...change }),
        );
      };
      const copies = [...copiesOf("small", '{"n":1}'), ...copiesOf("large", large)];
      const verdictsWith = async (conflictFields?: ConflictFields) => {
        const store = await opened.reopen(conflictFields ? { conflictFields } : {});
        return (await verdictsOf(store, copies))[0];
      };
      expect(await verdictsOf(opened.store, copies)).toEqual(["scccc".repeat(2)]);

      // In each half: a plain duplicate, then one that differs in source, timestamp, payload, attributes.
      expect(await verdictsWith(["source", "payload", "attributes"])).toBe("dcdcc".repeat(2));
      expect(await verdictsWith(["source", "timestamp", "attributes"])).toBe("dccdc".repeat(2));
      expect(await verdictsWith(["source", "timestamp", "payload"])).toBe("dcccd".repeat(2));
      expect(await verdictsWith(["source"])).toBe("dcddd".repeat(2));
      expect(await verdictsWith()).toBe("dcccc".repeat(2));
      const store = await opened.reopen();
      const { duplicates } = await store.listDuplicates({ limit: 100, eventId: "small" });
      expect(duplicates.filter(({ isConflict, content }) => isConflict !== (content !== undefined))).toEqual([]);
    });

    test("a conflict leaves the stored event unchanged", async () => {
      const { store } = await open();
      const [first, second] = ["1", "2"].map((n) => eventText({ topic: "t", id: "e", payload: `{"n":${n}}` }));
      await verdictsOf(store, [first as string]);
      const stored = await store.findEvent("t", "e");

      await verdictsOf(store, [second as string]);

      expect(await store.findEvent("t", "e")).toEqual(stored);
    });
  });
}
