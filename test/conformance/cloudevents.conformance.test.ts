import { CloudEvent, HTTP } from "cloudevents";
import { describe, expect, test } from "vitest";
import { expectProblem, pointersOf, readUtc } from "./expectations.ts";
import { expectNothingTaken } from "./hostility.ts";
import { call, getJson, type JsonObject, type Reply, readJson } from "./http-client.ts";
import { eventPath, uniqueTopic } from "./publishing.ts";

function send(headers: object, body: unknown): Promise<Reply> {
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  const sent = { prefer: "wait=30", ...(Object.fromEntries(texts) as Record<string, string>) };
  const bytes = Buffer.isBuffer(body) ? body : String(body ?? "");
  return call("/publish", { method: "POST", headers: sent, body: bytes });
}

const sendJson = (event: unknown) => send({ "content-type": "application/cloudevents+json" }, JSON.stringify(event));
const sendBatch = (events: unknown) =>
  send({ "content-type": "application/cloudevents-batch+json; charset=UTF-8" }, JSON.stringify(events));

const makeCloudEvent = (fields: JsonObject): JsonObject => ({
  specversion: "1.0",
  type: "conformance",
  id: "ce-1",
  source: "/conformance",
  ...fields,
});

describe("a CloudEvent that the official package writes", () => {
  const modes = [
    ["structured", HTTP.structured],
    ["binary", HTTP.binary],
  ] as const;

  test.each(modes)("in %s mode comes back", async (_mode, write) => {
    const type = uniqueTopic();
    const sent = new CloudEvent({
      type,
      source: "/orders/1",
      subject: "o-1",
      dataschema: "https://example.com/schema",
      datacontenttype: "application/json",
      tenant: "blue",
      data: { amount: 5, lines: [{ sku: "a" }] },
    });
    const { headers, body } = write(sent);

    expect(readJson(await send(headers, body))).toMatchObject({ received: 1, accepted: 1 });

    const stored = await getJson(eventPath(type, sent.id));
    expect(stored).toMatchObject({
      topic: sent.type,
      event_id: sent.id,
      source: sent.source,
      payload: sent.data,
      attributes: { subject: "o-1", tenant: "blue", dataschema: sent.dataschema, datacontenttype: "application/json" },
    });
    expect(readUtc(stored.timestamp)).toEqual(readUtc(sent.time));
    expect(readJson(await send(headers, body))).toMatchObject({ duplicates: 1 });
  });

  test("a CloudEvent is the same event in structured and in binary mode", async () => {
    const sent = new CloudEvent({
      type: uniqueTopic(),
      source: "/s",
      datacontenttype: "text/plain",
      data: "high tide",
    });
    const [structured, binary] = [HTTP.structured(sent), HTTP.binary(sent)];

    expect(readJson(await send(structured.headers, structured.body))).toMatchObject({ accepted: 1 });
    const second = readJson(await send(binary.headers, binary.body));

    expect(second).toMatchObject({ duplicates: 1 });
    expect(second).not.toHaveProperty("conflicts");
  });

  test("a CloudEvent in a batch is returned as it was sent", async () => {
    const type = uniqueTopic();
    const batch = [1, 2, 3].map((n) => new CloudEvent({ type, id: String(n), source: "/s", data: n }));

    expect(readJson(await sendBatch(batch))).toMatchObject({ received: 3, accepted: 3 });

    expect(await getJson(eventPath(type, "3"))).toMatchObject({ payload: { data: 3 } });
  });
});

test("a CloudEvent without a time gets its time of receipt, which never makes a conflict", async () => {
  const type = uniqueTopic();
  const time = "2025-10-23T10:00:00Z";
  for (const [id, first, second] of [
    ["none, then one", {}, { time }],
    ["one, then none", { time }, {}],
    ["none at all", {}, { time: null }],
  ] as const) {
    expect(readJson(await sendJson(makeCloudEvent({ type, id, ...first })))).toMatchObject({ accepted: 1 });
    const answer = readJson(await sendJson(makeCloudEvent({ type, id, ...second })));
    expect([id, answer.duplicates, answer.conflicts]).toEqual([id, 1, undefined]);
  }
  const other = await sendJson(makeCloudEvent({ type, id: "none at all", data: { a: 1 } }));
  expect(readJson(other)).toMatchObject({ conflicts: 1 });
});

test("a CloudEvent of the same type and id from another source is a listed conflict", async () => {
  const type = uniqueTopic();
  await sendJson(makeCloudEvent({ type }));

  expect(readJson(await sendJson(makeCloudEvent({ type, source: "/other" })))).toMatchObject({ conflicts: 1 });
  expect(await getJson(`/duplicates?topic=${type}&conflicting=true`)).toMatchObject({ count: 1 });
});

test("a CloudEvent in binary mode has percent-decoded headers and keeps data of any type", async () => {
  const type = uniqueTopic();
  const attributes = { "ce-specversion": "1.0", "ce-type": type, "ce-source": "/s%20%22q%22", "ce-id": "%E2%82%AC" };

  const png = await send({ ...attributes, "content-type": "image/png" }, Buffer.of(0x89, 0x50, 0x00));
  expect(readJson(png)).toMatchObject({ accepted: 1 });
  expect(readJson(await send({ ...attributes, "ce-id": "bare" }, undefined))).toMatchObject({ accepted: 1 });

  expect(await getJson(eventPath(type, "€"))).toMatchObject({ source: '/s "q"', payload: { data_base64: "iVAA" } });
  expect(await getJson(eventPath(type, "bare"))).toMatchObject({ payload: {} });
});

test("an invalid CloudEvent is refused with a pointer into it, and nothing is stored", async () => {
  const good = makeCloudEvent({ type: uniqueTopic() });
  await expectNothingTaken(async () => {
    const refused = async (event: unknown) => pointersOf(expectProblem(await sendJson(event), 422));
    expect(await refused({ ...good, specversion: "0.3" })).toEqual(["/specversion"]);
    expect(await refused({ ...good, specversion: undefined })).toEqual(["/specversion"]);
    expect(await refused({ ...good, time: "yesterday", id: "" })).toEqual(["/id", "/time"]);
    expect(await refused({ ...good, data: 1, data_base64: "AQ==" })).toEqual(["/data_base64"]);
    expect(await refused([good])).toEqual([""]);
    expect(pointersOf(expectProblem(await sendBatch([good, { ...good, type: 5 }]), 422))).toEqual(["/1/type"]);
    expectProblem(await sendBatch([]), 422);
    expectProblem(await sendBatch(good), 422);
    expectProblem(await send({ "content-type": "application/cloudevents+avro", "ce-specversion": "1.0" }, "x"), 415);
    expectProblem(await send({ "ce-type": "t", "ce-id": "1", "content-type": "text/plain" }, "no ce-specversion"), 415);
  });
});
