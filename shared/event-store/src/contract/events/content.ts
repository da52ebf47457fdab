import { isSameJson } from "@tidemark/json/value";
import { describe, expect, test } from "vitest";
import { findStored, verdictsOf } from "../applying.ts";
import { eventText } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";

const PAYLOADS = [
  '{"n":12345678901234567890}',
  '{"n":0.1000000000000000055}',
  '{"n":1e400}',
  '{"n":-0}',
  '{"n":-1.5E-7,"m":[1,-2,3.25]}',
  '{"a":null,"b":true,"c":false,"d":"","e":[],"f":{}}',
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{}},"toString":1,"hasOwnProperty":null}',
  '{"":1,"a b":2,"a\\"b":3,"a\\\\":4,"\\u2028":5}',
  '{"text":"\u{1f30a}\u00e9\u4e16","escaped":"\\ud83c\\udf0a\\u00e9\\n\\t\\"\\\\"}',
  '{"topic":"inner","event_id":"inner","payload":{"payload":{}},"looks":"like \\"payload\\":{} }]"}',
  `{"deep":${"[".repeat(60)}${"]".repeat(60)}}`,
  `{"long":"${"x".repeat(100_000)}"}`,
];

const TIMESTAMPS: [sent: string, stored: string][] = [
  ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"],
  ["0099-12-31T23:59:59.999999Z", "0099-12-31T23:59:59.999999Z"],
  ["1969-12-31T23:59:59.000001Z", "1969-12-31T23:59:59.000001Z"],
  ["2024-02-29T12:30:00.1Z", "2024-02-29T12:30:00.100000Z"],
  ["9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"],
];

export function describeContent(open: OpenForTest): void {
  describe("the content of a stored event", () => {
    test("the content of a stored event keeps every digit, key and character", async () => {
      const { store } = await open();
      const events = PAYLOADS.map((payload, index) => eventText({ topic: "t", id: `${index}`, payload }));
      await verdictsOf(store, events);

      for (const [index, payload] of PAYLOADS.entries()) {
        const stored = await findStored(store, "t", `${index}`);
        expect(isSameJson(String(stored.payload), payload), `${stored.payload} is ${payload}`).toBe(true);
      }
    });

    test("the content of a stored event has all fields that were sent", async () => {
      const { store } = await open();
      const before = new Date().toISOString();
      await verdictsOf(store, [
        eventText({
          topic: "user.login",
          id: "evt-1",
          timestamp: "2025-10-23T10:00:00.5Z",
          source: "auth",
          payload: '{"user":1}',
          attributes: '{"region":"eu","constructor":[1]}',
        }),
      ]);

      const {
        attributes,
        payload,
        processedAt,
        position: _,
        ...stored
      } = await findStored(store, "user.login", "evt-1");

      expect(stored).toEqual({
        topic: "user.login",
        eventId: "evt-1",
        timestamp: "2025-10-23T10:00:00.500000Z",
        source: "auth",
      });
      expect(JSON.parse(String(payload))).toEqual({ user: 1 });
      expect(JSON.parse(String(attributes))).toEqual({ region: "eu", constructor: [1] });
      expect(processedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
      expect(Math.abs(Date.parse(processedAt) - Date.parse(before))).toBeLessThan(60_000);
    });

    test("the content of a stored event has an empty payload when the event has neither payload nor attributes", async () => {
      const { store } = await open();
      await verdictsOf(store, [eventText({ topic: "t", id: "e" })]);

      const stored = await findStored(store, "t", "e");

      expect(stored.payload).toBe("{}");
      expect(stored.attributes).toBeUndefined();
      expect(stored.payloadExpiredAt).toBeUndefined();
    });

    test("the content of a stored event has a timestamp with six digits of the second, in all years", async () => {
      const { store } = await open();
      await verdictsOf(
        store,
        TIMESTAMPS.map(([timestamp]) => eventText({ topic: "t", id: timestamp, timestamp })),
      );

      for (const [sent, timestamp] of TIMESTAMPS) {
        expect(await store.findEvent("t", sent)).toMatchObject({ timestamp });
      }
    });

    test("the content of a stored event has the last of repeated fields, also when a key is escaped", async () => {
      const { store } = await open();
      const fields = [
        '"payload":{"n":1}',
        '"topic":"first"',
        '"event_id":"first"',
        '"source":"first"',
        '"timestamp":"2020-01-01T00:00:00Z"',
        '"attributes":{"n":1}',
        '"top\\u0069c":"last"',
        '"\\u0065vent_id":"last"',
        '"source":"last"',
        '"timest\\u0061mp":"2021-01-01T00:00:00Z"',
        '"p\\u0061yload":{"n":2}',
        '"\\u0061ttributes":{"n":2}',
      ];
      await verdictsOf(store, [`{ ${fields.join(" ,\n\t")} }`]);

      const stored = await findStored(store, "last", "last");

      expect(stored).toMatchObject({ source: "last", timestamp: "2021-01-01T00:00:00.000000Z" });
      expect(JSON.parse(String(stored.payload))).toEqual({ n: 2 });
      expect(JSON.parse(String(stored.attributes))).toEqual({ n: 2 });
      expect(await store.findEvent("first", "first")).toBeUndefined();
    });

    test("the content of a stored event is found with any white space around the events", async () => {
      const { store } = await open();
      const events = [eventText({ topic: "t", id: "a" }), eventText({ topic: "t", id: "b" })];

      expect(await verdictsOf(store, [`\n ${events[0]}\t`, ` \r\n${events[1]} `])).toEqual(["ss"]);
      expect(await store.findEvent("t", "b")).toMatchObject({ eventId: "b" });
    });

    test("the content of a stored event is unchanged after the store was opened again", async () => {
      const { store, reopen } = await open();
      await verdictsOf(store, [
        eventText({ topic: "t", id: "e", payload: '{"n":1e400}', attributes: '{"a":"\u{1f30a}"}' }),
      ]);
      const stored = await findStored(store, "t", "e");

      const reopened = await reopen();

      expect(await reopened.findEvent("t", "e")).toEqual(stored);
    });
  });
}
