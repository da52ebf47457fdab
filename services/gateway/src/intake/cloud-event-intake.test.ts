import { InvalidInput } from "@tidemark/domain/errors";
import { CloudEvent, HTTP, type Message } from "cloudevents";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFormat, readIntake } from "./formats.ts";

type Json = Record<string, unknown>;

function read({ headers, body }: { headers: object; body?: unknown }, options: object = {}) {
  const distinct = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value].flat().map(String)]);
  const sent = Object.fromEntries(distinct) as Record<string, string[]>;
  const format = readFormat(
    Object.fromEntries(Object.entries(sent).map(([name, values]) => [name, values.join(", ")])),
  );
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(String(body ?? ""));
  const intake = readIntake(bytes, { format, message: { headersDistinct: sent }, maxBatchEvents: 10, ...options });
  return { ...intake, text: String(intake.events), events: JSON.parse(`[${intake.events}]`) as Json[] };
}

const inJson = (event: object | string) => ({
  headers: { "content-type": "application/cloudevents+json" },
  body: typeof event === "string" ? event : JSON.stringify(event),
});
const inBatch = (events: unknown) => ({
  headers: { "content-type": "application/cloudevents-batch+json; charset=UTF-8" },
  body: JSON.stringify(events),
});
const sample = { specversion: "1.0", type: "t", id: "1", source: "/s", time: "2025-10-23T10:00:00Z" };
const headersOf = (more: object = {}) => ({
  "ce-specversion": "1.0",
  "ce-type": "t",
  "ce-id": "1",
  "ce-source": "/s",
  ...more,
});

function refusal(sent: Parameters<typeof read>[0]) {
  try {
    read(sent);
  } catch (error) {
    if (error instanceof InvalidInput) return error;
    throw error;
  }
  throw new Error("it was taken");
}
const pointers = (event: object | string) => refusal(inJson(event)).faults.map(({ pointer }) => pointer);

// The values are printable and have no spaces, because the package does not encode headers.
const name = fc
  .string({ minLength: 1, maxLength: 30 })
  .filter((text) => /^[!-~]+$/.test(text) && !/["%,\\]/.test(text));
const made = fc.record({
  type: name,
  id: name,
  source: fc.webUrl({ withQueryParameters: true, withFragments: true }).filter((url) => !/[%",]/.test(url)),
  subject: name,
  extension: name,
  data: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue())),
});

describe("CloudEvents that the official package writes", () => {
  const both = [
    ["structured", HTTP.structured],
    ["binary", HTTP.binary],
  ] as [string, (event: CloudEvent<unknown>) => Message][];

  it.each(both)("a CloudEvent in %s mode is read like by the official package", (_mode, write) => {
    fc.assert(
      fc.property(made, (fields) => {
        const message = write(new CloudEvent<unknown>({ ...fields, datacontenttype: "application/json" }));
        const theirs = HTTP.toEvent(message) as CloudEvent<unknown>;

        const [ours] = read(message as { headers: object; body: unknown }).events;

        const data = JSON.parse(JSON.stringify(theirs.data)) as unknown;
        expect(ours).toEqual({
          topic: theirs.type,
          event_id: theirs.id,
          source: theirs.source,
          timestamp: theirs.time?.replace(/Z$/, "000Z"),
          payload: Array.isArray(data) ? { data } : data,
          attributes: { subject: theirs.subject, extension: theirs.extension, datacontenttype: theirs.datacontenttype },
        });
      }),
    );
  });

  it("a batch of CloudEvents is read, including binary data", () => {
    const events = [
      new CloudEvent({ ...sample, data: { a: 1 } }),
      new CloudEvent({ ...sample, id: "2", datacontenttype: "image/png", data: Uint8Array.of(1, 2, 3) }),
    ];
    const payloads = read(inBatch(events)).events.map(({ payload }) => payload);
    expect(payloads).toEqual([{ a: 1 }, { data_base64: "AQID" }]);
  });
});

describe("a CloudEvent in JSON", () => {
  it("a CloudEvent keeps every digit of its data and its extensions", () => {
    const text = '{"specversion":"1.0","type":"t","id":"1","source":"/s","data":{"n":1.00},"x":12345678901234567890}';
    expect(read(inJson(text)).text).toContain('"payload":{"n":1.00},"attributes":{"x":12345678901234567890}');
  });

  it.each([
    [{ data: [1] }, { data: [1] }],
    [{ data: "text" }, { data: "text" }],
    [{ data: null }, { data: null }],
    [{ data_base64: "AQID" }, { data_base64: "AQID" }],
    [{ data_base64: "aMOkbGxv", datacontenttype: "text/plain; charset=utf-8" }, { data: "hällo" }],
    [{ data_base64: "PGEvPg==", datacontenttype: "application/xml" }, { data: "<a/>" }],
    [{ data_base64: "/w==", datacontenttype: "text/plain" }, { data_base64: "/w==" }],
    [{ data_base64: "AA==", datacontenttype: "text/plain" }, { data_base64: "AA==" }],
    [{ data_base64: "aGVsbG8=", datacontenttype: "application/octet-stream" }, { data_base64: "aGVsbG8=" }],
    [{ data_base64: null }, undefined],
    [{}, undefined],
  ])("a CloudEvent with %j has the payload %j", (data, payload) => {
    expect(read(inJson({ ...sample, ...data })).events[0]?.payload).toEqual(payload);
  });

  it("a CloudEvent without a time gets its time of receipt, and is marked as filled", () => {
    for (const time of [undefined, null]) {
      const [event] = read(inJson({ ...sample, time })).events;
      expect(Math.abs(Date.now() - Date.parse(String(event?.timestamp)))).toBeLessThan(60_000);
      expect(event?.is_timestamp_filled).toBe(true);
    }
    expect(read(inJson(sample)).events[0]).not.toHaveProperty("is_timestamp_filled");
  });

  it("a CloudEvent cannot set is_timestamp_filled", () => {
    const [event] = read(
      inJson({ ...sample, is_timestamp_filled: true, topic: "x", payload: 1, subject: null }),
    ).events;
    expect(event).not.toHaveProperty("is_timestamp_filled");
    expect(event?.attributes).toEqual({ is_timestamp_filled: true, topic: "x", payload: 1 });
  });

  it("an invalid CloudEvent is refused with pointers into it", () => {
    expect(pointers("{}")).toEqual(["/specversion", "/type", "/id", "/source"]);
    expect(pointers({ ...sample, specversion: "0.3", time: "today" })).toEqual(["/specversion", "/time"]);
    expect(pointers({ ...sample, data: 1, data_base64: "AQID" })).toEqual(["/data_base64"]);
    expect(pointers({ ...sample, data_base64: "?" })).toEqual(["/data_base64"]);
    expect(pointers({ ...sample, subject: "", datacontenttype: 5 })).toEqual(["/subject", "/datacontenttype"]);
    expect(pointers({ ...sample, data: { a: ["\ud800"] } })).toEqual(["/data/a/0"]);
    expect(pointers("[]")).toEqual([""]);
    expect(refusal(inBatch([sample, { ...sample, id: "" }])).faults).toMatchObject([{ pointer: "/1/id" }]);
    expect(refusal(inBatch(sample)).faults).toMatchObject([{ pointer: "" }]);
    expect(refusal(inBatch([]))).toMatchObject({ code: "empty_batch" });
  });

  it("a CloudEvent that is sent as JSON is refused with the media type to use", () => {
    const asJson = (body: unknown) =>
      refusal({ headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    expect(asJson(sample)).toMatchObject({
      status: 422,
      code: "invalid_event",
      message: expect.stringMatching(
        /^\/topic: is required .*; this is a CloudEvent: send it with the Content-Type application\/cloudevents\+json$/,
      ),
      faults: expect.arrayContaining([{ pointer: "/topic", detail: "is required" }]),
    });
    expect(asJson([sample, sample]).message).toMatch(
      /send it with the Content-Type application\/cloudevents-batch\+json$/,
    );
    for (const other of [{}, [], [5], { specversion: "1.0", topic: "t" }, { specversion: 1 }, null]) {
      expect(asJson(other).message).not.toContain("CloudEvent");
    }
  });

  it("a CloudEvent may have a payload of 64 levels", () => {
    const nested = (open: string, close: string, levels: number) =>
      JSON.stringify({ ...sample, data: 0 }).replace(/0}$/, `${open.repeat(levels)}1${close.repeat(levels)}}`);
    for (const [open, close, most] of [
      ['{"a":', "}", 64],
      ["[", "]", 63],
    ] as const) {
      expect(read(inJson(nested(open, close, most))).count).toBe(1);
      expect(pointers(nested(open, close, most + 1))).toEqual(["/data"]);
    }
  });
});

describe("a CloudEvent in binary mode", () => {
  const readBinary = (more: object, body?: string | Buffer) => read({ headers: headersOf(more), body }).events[0];

  it.each([
    ["application/json", '{"a":1}', { a: 1 }],
    ["application/json; charset=utf-8", " [1] ", { data: [1] }],
    ["application/vnd.order+json", "5", { data: 5 }],
    ["text/plain", "häl\\lo", { data: "häl\\lo" }],
    ["application/atom+xml", "<a/>", { data: "<a/>" }],
    ["text/plain", Buffer.of(0xff), { data_base64: "/w==" }],
    ["text/plain", "\u0000", { data_base64: "AA==" }],
    ["application/octet-stream", '{"a":1}', { data_base64: "eyJhIjoxfQ==" }],
    ["application/json", "", undefined],
  ])("a CloudEvent in binary mode of %s with %j has the payload %j", (type, body, payload) => {
    expect(readBinary({ "content-type": type }, body)).toMatchObject({ attributes: { datacontenttype: type } });
    expect(readBinary({ "content-type": type }, body)?.payload).toEqual(payload);
  });

  it.each([
    ["caf%C3%A9%20%F0%9F%8C%8A", "café 🌊"],
    ["%2525", "%25"],
    ["100%", "100%"],
    ["%zz%", "%zz%"],
    ['"a \\"quoted\\" one"', 'a "quoted" one'],
    ["a,b", "a,b"],
    [Buffer.from("é").toString("latin1"), "é"],
  ])("the CloudEvent header %s is read as %s", (header, value) => {
    expect(readBinary({ "ce-subject": header })?.attributes).toEqual({ subject: value });
  });

  it("a CloudEvent in binary mode with ambiguous headers is refused", () => {
    const faults = (more: object) => refusal({ headers: headersOf(more) }).faults.map(({ pointer }) => pointer);
    expect(faults({ "ce-id": ["1", "2"] })).toEqual(["/id"]);
    expect(faults({ "ce-subject": "%FF" })).toEqual(["/subject"]);
    expect(faults({ "ce-datacontenttype": "text/plain" })).toEqual(["/datacontenttype"]);
    expect(faults({ "ce-specversion": "0.3", "ce-id": "" })).toEqual(["/specversion", "/id"]);
  });

  it("a CloudEvent in binary mode with malformed data is refused", () => {
    const sent = (body: string | Buffer) => ({ headers: headersOf({ "content-type": "application/json" }), body });
    expect(refusal(sent("{"))).toMatchObject({ status: 400, code: "malformed_json" });
    expect(refusal(sent(Buffer.of(0x22, 0xff, 0x22)))).toMatchObject({ status: 400, code: "invalid_encoding" });
    expect(refusal(sent("[".repeat(100_000)))).toMatchObject({ status: 400, code: "malformed_json" });
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    expect(refusal(sent(deep))).toMatchObject({ status: 422, faults: [{ pointer: "/data" }] });
  });
});
