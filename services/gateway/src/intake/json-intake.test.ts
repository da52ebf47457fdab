import { InvalidInput } from "@tidemark/domain/errors";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJsonIntake } from "./json-intake.ts";

const limits = { maxBatchEvents: 5 };
const event = (fields: object = {}) => ({
  topic: "t",
  event_id: "1",
  timestamp: "2025-10-23T10:00:00Z",
  source: "s",
  payload: { a: 1 },
  ...fields,
});

const read = (body: string | Buffer) => {
  const { count, events } = readJsonIntake(Buffer.from(body), limits);
  return { count, events: JSON.parse(`[${events}]`) as Record<string, unknown>[], text: events.toString() };
};

function refusal(body: string | Buffer): InvalidInput {
  try {
    readJsonIntake(Buffer.from(body), limits);
  } catch (error) {
    if (error instanceof InvalidInput) return error;
    throw error;
  }
  throw new Error("the body was taken");
}

const pointers = (body: string) => refusal(body).faults.map(({ pointer }) => pointer);

describe("readJsonIntake", () => {
  it("one event, an array and an object of events give the same events, with any white space", () => {
    const events = fc.array(fc.record({ payload: fc.dictionary(fc.string(), fc.jsonValue()) }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(events, fc.constantFrom(undefined, 1), (payloads, indent) => {
        const sent = payloads.map(({ payload }, index) => event({ event_id: String(index), payload }));
        const text = (value: unknown) => ` ${JSON.stringify(value, null, indent)}\n`;
        const expected = JSON.parse(JSON.stringify(sent));
        expect(read(text(sent))).toMatchObject({ count: sent.length, events: expected });
        expect(read(text({ events: sent }))).toMatchObject({ count: sent.length, events: expected });
        expect(read(text(sent[0]))).toMatchObject({ count: 1, events: [expected[0]] });
      }),
    );
  });

  it("an event keeps its text", () => {
    const text = JSON.stringify(event()).replace('"a":1', '"a": 12345678901234567890, "b": 0.1000000000000000055');
    expect(read(`{"events": [${text}]}`).text).toBe(text);
  });

  it("if `events` is repeated the last one counts", () => {
    const [first, second] = [event({ event_id: "1" }), event({ event_id: "2" })].map((one) => JSON.stringify(one));
    expect(read(`{"events":[${first}],"\\u0065vents":[${second}]}`).events).toEqual([event({ event_id: "2" })]);
  });

  it("other fields become attributes with all their digits, and other events keep their text", () => {
    const plain = JSON.stringify(event());
    const further = plain.replace("{", '{"trace":1.0000000000000000001,"attributes":{"x":[]},"__proto__":{"y":1},');
    const { text, events } = read(`[${plain},${further}]`);
    expect(text.startsWith(`${plain},`)).toBe(true);
    expect(text).toContain('"attributes":{"trace":1.0000000000000000001,"attributes":{"x":[]},"__proto__":{"y":1}}');
    expect(Object.keys(events[1] as object)).toEqual([
      "topic",
      "event_id",
      "timestamp",
      "source",
      "payload",
      "attributes",
    ]);
  });

  it("a timestamp with another offset is rewritten to UTC", () => {
    const timestamp = "2025-10-23T12:00:00.1234567+02:00";
    expect(read(JSON.stringify(event({ timestamp }))).events[0]?.timestamp).toBe("2025-10-23T10:00:00.123456Z");
  });

  it.each([
    ["", "malformed_json"],
    ["{", "malformed_json"],
    ["[1,]", "malformed_json"],
    ['\ufeff{"topic":1}', "malformed_json"],
    ["[".repeat(1_000_000), "malformed_json"],
    [Buffer.from([0x22, 0xff, 0x22]), "invalid_encoding"],
  ])("the body %.20j is refused with 400", (body, code) => {
    expect(refusal(body)).toMatchObject({ status: 400, code });
  });

  it.each([
    ["[]", "empty_batch"],
    ['{"events":[]}', "empty_batch"],
    [JSON.stringify(Array(6).fill(event())), "batch_too_large"],
    [JSON.stringify({ events: Array(6).fill(event()) }), "batch_too_large"],
    ['{"events":[{},{},{},{},{},{}],"other":1}', "invalid_event"],
    ["[[],[],[],[],[],[]]", "batch_too_large"],
    ["null", "invalid_event"],
    ["[5]", "invalid_event"],
    ["{}", "invalid_event"],
  ])("the body %.20s is refused with 422", (body, code) => {
    expect(refusal(body)).toMatchObject({ status: 422, code });
  });

  it("the pointers of a JSON body lead to each of its faults", () => {
    const bad = event({ topic: "", payload: null });
    expect(pointers(JSON.stringify(bad))).toEqual(["/topic", "/payload"]);
    expect(pointers(JSON.stringify([event(), bad]))).toEqual(["/1/topic", "/1/payload"]);
    expect(pointers(JSON.stringify({ events: [event(), bad] }))).toEqual(["/events/1/topic", "/events/1/payload"]);
    expect(pointers("7")).toEqual([""]);
    expect(pointers('{"events":5}')).toEqual(["/events"]);
    expect(pointers('{"events":[],"x/y":1}')).toEqual(["/x~1y"]);
  });

  it("pointers lead to values that a store cannot hold", () => {
    const withPayload = (payload: string) => `[${JSON.stringify(event()).replace('{"a":1}', payload)}]`;
    expect(pointers(withPayload('{"a":["\\u0000"]}'))).toEqual(["/0/payload/a/0"]);
    expect(pointers(withPayload('{"a":"\\ud800"}'))).toEqual(["/0/payload/a"]);
    expect(pointers(withPayload('{"\\u0000":1}'))).toEqual(["/0/payload"]);
    expect(pointers(withPayload('{"a":1e140000}'))).toEqual(["/0/payload/a"]);
  });

  it("a payload of 64 levels is accepted and one of 65 is refused, in every form of a body", () => {
    const payload = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${"}".repeat(levels - 1)}`;
    const one = (levels: number) => JSON.stringify(event()).replace('{"a":1}', payload(levels));
    for (const [open, close, pointer] of [
      ["", "", ""],
      ["[", "]", "/0"],
      ['{"events":[', "]}", "/events/0"],
    ] as const) {
      expect(read(`${open}${one(64)}${close}`).count).toBe(1);
      expect(pointers(`${open}${one(65)}${close}`)).toEqual([`${pointer}/payload`]);
      expect(pointers(`${open}${one(2_000)}${close}`)).toEqual([`${pointer}/payload`]);
    }
  });

  it("a refusal lists the first hundred faults and counts all", () => {
    const bodies = JSON.stringify(Array(150).fill({}));
    try {
      readJsonIntake(Buffer.from(bodies), { maxBatchEvents: 1_000 });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ faultsTotal: 600 });
      expect((error as InvalidInput).faults).toHaveLength(100);
    }
  });

  it("an event of 10,000 members is accepted, and one of more is refused with a pointer to it", () => {
    const withMembers = (count: number) =>
      JSON.stringify(event(Object.fromEntries(Array.from({ length: count - 5 }, (_, index) => [`a${index}`, index]))));
    expect(read(withMembers(10_000)).count).toBe(1);
    expect(refusal(`[${JSON.stringify(event())},${withMembers(10_001)}]`)).toMatchObject({
      status: 422,
      code: "invalid_event",
      faults: [{ pointer: "/1", detail: "has 10001 members, the limit is 10000" }],
    });
    expect(pointers(`${withMembers(10_000).slice(0, -1)},"a1":1}`)).toEqual([""]);
  });

  it("attributes between other fields keep their order, and the last of repeated ones stays", () => {
    const text =
      '{"x":1, "topic":"t","y" : [2] ,"x":3,"event_id":"1","timestamp":"2025-10-23T10:00:00Z","z":{},"source":"s"}';
    expect(read(text).events[0]).toMatchObject({ topic: "t", source: "s", attributes: { x: 3, y: [2], z: {} } });
    expect(read(text).text).toContain('"attributes":{"x":3,"y" : [2],"z":{}}');
  });

  it("all faults of an event are counted, the first hundred are listed, and their pointers are short", () => {
    const key = "k".repeat(1_000_000);
    const body = JSON.stringify(event({ payload: { [key]: Array(500).fill("\u0000") } }));
    const { faults, faultsTotal, message } = refusal(body);
    expect([faults.length, faultsTotal]).toEqual([100, 500]);
    expect(Math.max(...faults.map(({ pointer }) => pointer.length))).toBe(200);
    expect(message.length).toBeLessThan(400);
  });

  it("the members beside `events` are counted, the first hundred are listed, and their pointers are short", () => {
    const others = Array.from({ length: 300 }, (_, index) => `"${String(index).padEnd(5_000, "x")}":1`);
    const { faults, faultsTotal } = refusal(`{"events":[],${others.join()}}`);
    expect([faults.length, faultsTotal]).toEqual([100, 300]);
    expect(faults[0]?.pointer).toHaveLength(200);
  });
});

it("refusing ten thousand events without fields costs about as much as accepting ten thousand small ones", () => {
  const { payload: _, ...small } = event();
  const cost = (item: object) => {
    const body = Buffer.from(JSON.stringify(Array(10_000).fill(item)));
    const before = process.cpuUsage();
    const isTaken = isAccepted(body);
    const { user, system } = process.cpuUsage(before);
    return { isTaken, microseconds: user + system };
  };
  for (const item of [small, {}]) cost(item); // the first run only compiles the code
  const [taken, refused] = [cost(small), cost({})];
  expect([taken.isTaken, refused.isTaken]).toEqual([true, false]);
  expect(refused.microseconds).toBeLessThan(3 * taken.microseconds);
});

function isAccepted(body: Buffer): boolean {
  try {
    readJsonIntake(body, { maxBatchEvents: 10_000 });
    return true;
  } catch (error) {
    if (error instanceof InvalidInput) return false;
    throw error;
  }
}
