import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { entryOf, openServersWithKeys, type ServersWithKeys, SHAPES } from "./servers-with-keys.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // each server opens a store and its threads

const OPERATOR = "tdm_operator";
const SHOP = "tdm_shop";
const ENTRIES = [
  entryOf(OPERATOR, { scopes: ["publish", "read", "admin"] }),
  entryOf(SHOP, { scopes: ["publish", "read", "admin"], topics: ["orders."] }),
];

const NDJSON = "application/x-ndjson";

function eventOf(topic: string, id: string, more: object = {}): object {
  return { topic, event_id: id, timestamp: "2025-10-23T10:00:00Z", source: `${topic}-source`, ...more };
}

function cloudEvent(type: string): string {
  return JSON.stringify([{ specversion: "1.0", id: "c-1", source: "s", type }]);
}

describe.each(SHAPES)("a key that is limited to topics, in %s", (shape) => {
  let servers: ServersWithKeys;
  const closers: (() => Promise<void>)[] = [];
  const publish = async (body: unknown, key = SHOP) => {
    const answer = await servers.ask("POST", "/publish", { key, body: JSON.stringify(body) });
    return { status: answer.status, ...((await answer.json()) as object) };
  };
  const read = async (url: string, key = SHOP, accept?: string) => {
    const answer = await servers.ask("GET", url, { key, accept });
    return { status: answer.status, text: await answer.text() };
  };

  beforeAll(async () => {
    servers = await openServersWithKeys(shape, ENTRIES, (close) => closers.push(close));
    for (const topic of ["orders.created", "secret.paid"]) {
      const conflict = eventOf(topic, "e-1", { payload: { changed: true } });
      await publish([eventOf(topic, "e-1"), eventOf(topic, "e-1"), conflict], OPERATOR);
    }
  });
  afterAll(async () => {
    for (const close of closers) await close();
  });

  test.each([
    "/events",
    "/events?order=asc",
    "/events?event_id=e-1",
    "/events?source=secret.paid-source",
    "/events?topic_prefix=orders.",
    "/events?topic_prefix=o",
    "/topics",
    "/topics?contains=s",
    "/duplicates",
    "/duplicates?conflicting=true",
    "/duplicates?source=secret.paid-source",
    "/dead-letters",
    "/stats",
    "/stats?topic=orders.created",
    "/stats/history",
    "/stats/history?topic=orders.created",
  ])("GET %s contains nothing about other topics", async (url) => {
    const { status, text } = await read(url);
    expect(status).toBe(200);
    expect(text.replaceAll(encodeURIComponent("secret.paid-source"), "")).not.toContain("secret.paid");
  });

  test("lists, exports and sums have the topics of the key", async () => {
    expect(JSON.parse((await read("/events")).text)).toMatchObject({ count: 1, events: [{ topic: "orders.created" }] });
    expect(JSON.parse((await read("/events?topic_prefix=o")).text)).toMatchObject({ count: 1 });
    expect(JSON.parse((await read("/topics")).text)).toMatchObject({ count: 1, topics: [{ topic: "orders.created" }] });
    expect(JSON.parse((await read("/duplicates")).text)).toMatchObject({ count: 2 });
    const lines = (await read("/events", SHOP, NDJSON)).text.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { topic: "orders.created" },
      { complete: true, count: 1 },
    ]);
    expect(JSON.parse((await read("/stats")).text)).toMatchObject({
      received: 3,
      unique_processed: 1,
      duplicate_dropped: 2,
      conflicts: 1,
      queue_size: null,
      topics: ["orders.created"],
      topics_total: 1,
      by_source: [],
      drift: null,
      last_audit: null,
      refused: null,
      incomplete: ["log", "sources"],
    });
    const history = JSON.parse((await read("/stats/history?step=1d")).text);
    expect(history.steps.at(-1)).toMatchObject({ received: 3, stored: 1, duplicates: 2, conflicts: 1 });
  });

  test.each([
    "/events?topic=secret.paid",
    "/events/secret.paid/e-1",
    "/events/secret.paid/no-such-event",
    "/events/stream?topic=secret.paid",
    "/duplicates?topic=secret.paid",
    "/dead-letters?topic=secret.paid",
    "/stats?topic=secret.paid",
    "/stats?topic=orders",
    "/stats/history?topic=secret.paid",
    "/audit",
  ])("GET %s is 403", async (url) => {
    const { status, text } = await read(url);
    expect([status, JSON.parse(text).code]).toEqual([403, "topic_forbidden"]);
  });

  test.each(["/events/secret.paid/e-1", "/events?topic=secret.paid&event_id=e-1", "/events/secret.paid/no-such-event"])(
    "DELETE %s is 403, and erases nothing",
    async (url) => {
      const answer = await servers.ask("DELETE", url, { key: SHOP });
      expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, "topic_forbidden"]);
      expect((await read("/events/secret.paid/e-1", OPERATOR)).text).not.toContain("erased_at");
    },
  );

  test("an export of another topic is 403", async () => {
    expect((await read("/events?topic=secret.paid", SHOP, NDJSON)).status).toBe(403);
  });

  test("with a cursor of a key that reaches all topics, this key still sees only its own topics", async () => {
    const { next_cursor: cursor } = JSON.parse((await read("/events?limit=1&order=asc", OPERATOR)).text);
    const page = JSON.parse((await read(`/events?order=asc&cursor=${cursor}`)).text);
    expect(page.events).toEqual([]);
  });

  test("a stream has only the topics of the key", async () => {
    const answer = await servers.ask("GET", "/events/stream", { key: SHOP });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    await publish([eventOf("secret.paid", "s-1"), eventOf("orders.created", "s-1")], OPERATOR);
    let text = "";
    while (!text.includes('"event_id":"s-1"')) text += (await reader?.read())?.value;
    await reader?.cancel();
    expect(text).toContain('"topic":"orders.created"');
    expect(text).not.toContain("secret");
  });

  test("a publish with an event of another topic is refused as a whole, with pointers to the topics", async () => {
    const refused = await publish([
      eventOf("orders.created", "p-1"),
      eventOf("secret.paid", "p-1"),
      eventOf("order", "p-1"),
    ]);
    expect(refused).toMatchObject({
      status: 403,
      code: "topic_forbidden",
      errors: [{ pointer: "/1/topic" }, { pointer: "/2/topic" }],
      errors_total: 2,
    });
    expect((await read("/events/orders.created/p-1", OPERATOR)).status).toBe(404);
    expect(await publish(eventOf("secret.paid", "p-1"))).toMatchObject({
      status: 403,
      errors: [{ pointer: "/topic" }],
    });
    expect(await publish(eventOf("orders.created", "p-2"))).toMatchObject({ status: 200, accepted: 1 });
  });

  test("a CloudEvent of another topic is refused with a pointer to its type", async () => {
    const request = { key: SHOP, body: cloudEvent("secret.paid") };
    const answer = await servers.ask("POST", "/publish", {
      ...request,
      contentType: "application/cloudevents-batch+json",
    });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: "/0/type" }] });
  });

  test("a lenient publish accepts the events of the key's topics, and rejects the others", async () => {
    const lenient = { prefer: "handling=lenient" };
    const ask = async (body: unknown) => {
      const answer = await servers.ask("POST", "/publish", { key: SHOP, body: JSON.stringify(body), ...lenient });
      return { status: answer.status, ...((await answer.json()) as object) };
    };
    expect(await ask([eventOf("secret.paid", "l-1"), eventOf("orders.created", "l-1")])).toMatchObject({
      status: 200,
      received: 1,
      accepted: 1,
      rejected: [{ index: 0, pointer: "/0/topic", reason: "the key does not reach this topic" }],
    });
    expect(await ask([eventOf("secret.paid", "l-1")])).toMatchObject({ status: 403, code: "topic_forbidden" });
    const alsoInvalid = [eventOf("secret.paid", "l-1"), { topic: "orders.created" }];
    expect(await ask(alsoInvalid)).toMatchObject({ status: 422, code: "invalid_event" });
  });
});
