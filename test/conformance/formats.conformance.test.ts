import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { expectProblem, pointersOf } from "./expectations.ts";
import { expectNothingTaken } from "./hostility.ts";
import { call, getJson, type JsonObject, type Reply, readJson } from "./http-client.ts";
import { eventPath, makeEvent, makeEvents, postJson, publish, uniqueTopic } from "./publishing.ts";

function post(type: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Reply> {
  return call("/publish", { method: "POST", body, headers: { "content-type": type, prefer: "wait=30", ...headers } });
}

const lines = (events: unknown[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");

describe("NDJSON", () => {
  const postLines = (body: string, headers = {}) => post("application/x-ndjson", body, headers);

  test("NDJSON is the same events as their JSON array", async () => {
    const events = makeEvents(uniqueTopic(), 50);

    expect(readJson(await postLines(lines(events)))).toMatchObject({ received: 50, accepted: 50 });
    expect(await publish(events)).toMatchObject({ received: 50, duplicates: 50 });
    expect(readJson(await postLines(`${lines(events)}\n\n`))).not.toHaveProperty("conflicts");
  });

  test("NDJSON of 10,000 lines is accepted, and of 10,001 refused", async () => {
    const events = makeEvents(uniqueTopic(), 10_001);

    expect(readJson(await postLines(lines(events.slice(1))))).toMatchObject({ accepted: 10_000 });
    await expectNothingTaken(async () => {
      expectProblem(await postLines(lines(events)), 422);
    });
  });

  test("a fault in NDJSON names its line", async () => {
    const [first, second, third] = makeEvents(uniqueTopic(), 3);
    const body = lines([first, second, third, makeEvent({ topic: "" })]);

    await expectNothingTaken(async () => {
      const problem = expectProblem(await postLines(body), 422);
      expect(problem.errors).toMatchObject([{ pointer: "/3/topic", line: 4 }]);
    });
  });

  test("NDJSON with a line that is not JSON is refused with 400", async () => {
    const [first, second] = makeEvents(uniqueTopic(), 2).map((event) => JSON.stringify(event));

    await expectNothingTaken(async () => {
      for (const body of [`${first}\n{`, `${first},${second}\n`, `${first}${second}`, `\ufeff${first}`]) {
        expectProblem(await postLines(body), 400);
      }
      expectProblem(await postLines(" \n\n"), 422);
    });
  });

  test("lenient NDJSON accepts the valid lines and lists the others", async () => {
    const [first, second] = makeEvents(uniqueTopic(), 2).map((event) => JSON.stringify(event));

    const reply = await postLines(`${first}\n{\n[]\n${second}`, { prefer: "handling=lenient, wait=30" });

    expect(readJson(reply)).toMatchObject({ received: 2, accepted: 2 });
    expect(readJson(reply).rejected).toMatchObject([
      { index: 1, pointer: "/1", line: 2 },
      { index: 2, pointer: "/2", line: 3 },
    ]);
  });
});

describe("a compressed body", () => {
  const encodings = [
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ] as [string, (bytes: Buffer) => Buffer][];

  test.each(encodings)("a body in %s is accepted", async (encoding, compress) => {
    const events = makeEvents(uniqueTopic(), 1_000);
    const headers = { "content-encoding": encoding, prefer: "wait=30" };

    const reply = await postJson(compress(Buffer.from(JSON.stringify(events))), headers);

    expect(readJson(reply)).toMatchObject({ received: 1_000, accepted: 1_000 });
  });

  test.each(encodings)(
    "a body in %s that is truncated or followed by other bytes is refused",
    async (encoding, compress) => {
      const whole = compress(Buffer.from(JSON.stringify(makeEvent({ topic: uniqueTopic() }))));

      await expectNothingTaken(async () => {
        for (const body of [whole.subarray(0, -1), Buffer.concat([whole, Buffer.from("x")]), Buffer.from("{}")]) {
          expectProblem(await postJson(body, { "content-encoding": encoding }), 400);
        }
      });
    },
  );

  test("a body in another encoding is refused, and the answer names the supported ones", async () => {
    const reply = await postJson("{}", { "content-encoding": "compress" });

    expectProblem(reply, 415);
    expect(reply.headers["accept-encoding"]).toMatch(/gzip.*br.*zstd/);
  });
});

describe("Prefer", () => {
  const representation = { prefer: "return=representation, wait=30" };

  test("return=representation lists the status of each event in order", async () => {
    const topic = uniqueTopic();
    const [first, second] = makeEvents(topic, 2);
    await publish(first);

    const reply = await postJson(JSON.stringify([second, first, { ...second, source: "other" }]), representation);

    expect(reply.headers["preference-applied"]).toContain("return=representation");
    expect(readJson(reply).results).toEqual([
      { topic, event_id: "e1", status: "stored" },
      { topic, event_id: "e0", status: "duplicate" },
      { topic, event_id: "e1", status: "conflict" },
    ]);
  });

  test("handling=lenient accepts the valid events and lists the others", async () => {
    const topic = uniqueTopic();
    const [first, second] = makeEvents(topic, 2);
    const events = [first, makeEvent({ topic, source: 5 }), second];
    const prefer = "handling=lenient, return=representation, wait=30";

    const reply = await postJson(JSON.stringify({ events }), { prefer });

    expect(reply.headers["preference-applied"]).toMatch(/return=representation.*handling=lenient/);
    const answer = readJson(reply);
    expect(answer).toMatchObject({ received: 2, accepted: 2, duplicates: 0 });
    expect(answer.rejected).toMatchObject([{ index: 1, pointer: "/events/1/source", reason: expect.any(String) }]);
    const statuses = (answer.results as JsonObject[]).map(({ status }) => status);
    expect(statuses).toEqual(["stored", "rejected", "stored"]);
    expect(await getJson(`/events?topic=${topic}`)).toMatchObject({ count: 2 });
  });

  test("handling=lenient is 422 if no event is valid, and strict is the default", async () => {
    const good = makeEvent({ topic: uniqueTopic() });
    const bad = makeEvent({ topic: "" });

    await expectNothingTaken(async () => {
      const problem = expectProblem(await postJson(JSON.stringify([bad, bad]), { prefer: "handling=lenient" }), 422);
      expect(pointersOf(problem)).toEqual(["/0/topic", "/1/topic"]);
      for (const prefer of ["handling=strict", "handling=loose", "return=minimal"]) {
        expectProblem(await postJson(JSON.stringify([good, bad]), { prefer }), 422);
      }
    });
  });

  test("respond-async lists events as pending in the stack, and as stored in single", async () => {
    const prefer = "respond-async, return=representation, handling=lenient";
    const event = makeEvent({ topic: uniqueTopic() });

    const reply = await postJson(JSON.stringify([event, 1]), { prefer });

    const statuses = (readJson(reply).results as JsonObject[]).map(({ status }) => status);
    expect(statuses).toEqual([reply.status === 202 ? "pending" : "stored", "rejected"]);
    expect(readJson(reply)).toMatchObject({ received: 1, rejected: [{ index: 1, pointer: "/1" }] });
  });
});

test("a field called is_timestamp_filled is an attribute like any other", async () => {
  const topic = uniqueTopic();
  const event = makeEvent({ topic, is_timestamp_filled: true });
  await publish(event);

  expect(await publish({ ...event, timestamp: "2025-10-24T10:00:00Z" })).toMatchObject({ conflicts: 1 });
  expect(await getJson(eventPath(topic, "evt-001"))).toMatchObject({ attributes: { is_timestamp_filled: true } });
});
