import { setInterval } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, expectProblem } from "./expectations.ts";
import { expectHealthy, expectNothingTaken } from "./hostility.ts";
import { call, getJson, type JsonObject, type Reply } from "./http-client.ts";
import { makeEvent, makeEvents, postJson, publish, uniqueTopic } from "./publishing.ts";
import { publishRequest, RawConnection, requestText } from "./raw-connection.ts";

// Clients that send correct requests too slowly, over too many connections, or without waiting for an answer.

const hostileTopic = uniqueTopic("hostile");
const body = JSON.stringify(makeEvent({ topic: hostileTopic }));
const whole = publishRequest(JSON.parse(body));
const head = whole.slice(0, -body.length);
const chunkedHead = requestText("POST /publish HTTP/1.1", [
  "Content-Type: application/json",
  "Transfer-Encoding: chunked",
]);

async function openWith(text: string): Promise<RawConnection> {
  const connection = await RawConnection.open();
  await connection.send(text);
  return connection;
}

const SLOW: Record<string, { text: string; drop?: string }> = {
  "says nothing": { text: "" },
  "stops inside the first line": { text: head.slice(0, 10) },
  "stops inside a header": { text: head.slice(0, -10) },
  "sends headers drop by drop": { text: head.slice(0, -2), drop: "X-Drop: 1\r\n" },
  "sends a body drop by drop": { text: head.replace(/(Content-Length:) \d+/, "$1 100000"), drop: " " },
  "stops before the body": { text: head },
  "stops inside the body": { text: whole.slice(0, -10) },
  "stops inside a chunk": { text: `${chunkedHead}7fffffff\r\n${body}` },
  "stops between two chunks": { text: `${chunkedHead}${body.length.toString(16)}\r\n${body}\r\n` },
};
const FILLER = { text: "x".repeat(900) };
const outcomes = new Map<string, Promise<Reply[]>>();

// The time limits of the service are tens of seconds, so these clients stall during the other tests of this file, and
// are checked at its end.
beforeAll(async () => {
  for (const [name, { text, drop }] of Object.entries(SLOW)) {
    const connection = await openWith(text);
    outcomes.set(name, connection.untilClosed());
    if (drop !== undefined) void dripUntilClosed(connection, drop);
  }
});

async function dripUntilClosed(connection: RawConnection, drop: string): Promise<void> {
  for await (const _ of setInterval(200)) if (!(await connection.send(drop))) return;
}

describe("a client that leaves", () => {
  test("a client that leaves in the middle of its request has no effect", async () => {
    await expectNothingTaken(async () => {
      for (let cut = 1; cut < whole.length; cut += 7) {
        const connection = await openWith(whole.slice(0, cut));
        connection.destroy();
      }
    });
  });

  test("the request of a client that leaves before its answer is taken completely or not at all, and counted once", async () => {
    const batches = Array.from({ length: 60 }, () => makeEvents(uniqueTopic("gone"), 25));
    for (const [index, events] of batches.entries()) {
      const connection = await openWith(publishRequest(events));
      if (index % 3 === 0) connection.finish();
      // The client leaves after the service has answered some other requests.
      if (index % 3 === 1) for (let turn = 0; turn < index % 10; turn++) await getJson("/livez");
      connection.destroy();
    }

    // The request may still be in progress. Sent again, all of its events are new or all are duplicates.
    for (const events of batches) {
      const { accepted, duplicates } = await publish(events);
      expect([accepted, duplicates]).toEqual(accepted === 0 ? [0, 25] : [25, 0]);
      const topic = String(events[0]?.topic);
      const { by_topic } = await getJson(`/stats?topic=${topic}`);
      const [books] = by_topic as JsonObject[];
      expect(books).toMatchObject({ topic, unique_processed: 25 });
      expect([0, 25]).toContain(books?.duplicate_dropped);
      expect(await getJson(`/events?topic=${topic}`)).toMatchObject({ count: 25 });
    }
    await expectHealthy();
  });

  test("a client that leaves during a batch of 10,000 events stores all of them or none", async () => {
    const topic = uniqueTopic("gone");
    const request = publishRequest(makeEvents(topic, 10_000));
    for (const part of [0.1, 0.5, 0.9, 0.999]) {
      const connection = await openWith(request.slice(0, Math.floor(request.length * part)));
      connection.destroy();
    }
    expect(await getJson(`/events?topic=${topic}`)).toMatchObject({ count: 0 });

    const connection = await openWith(request);
    connection.destroy();
    const taken = await publish(makeEvents(topic, 10_000));

    expect(Number(taken.accepted) % 10_000).toBe(0);
    await expectHealthy();
  });
});

/**
 * Publishes until the events are accepted, because slow senders of this address may hold its share of the room for a
 * moment.
 */
async function publishEventually(events: object[]): Promise<void> {
  const post = () => postJson(JSON.stringify(events), { prefer: "wait=30" });
  await eventually("an accepted body", post, ({ status }) => status === 200, 30_000);
}

test("35 slow senders of 8 MB do not block bodies of 400 KB", async () => {
  const largeHead = requestText("POST /publish HTTP/1.1", [
    "Content-Type: application/json",
    "Content-Length: 8000000",
  ]);
  const slow = await Promise.all(Array.from({ length: 35 }, () => openWith(largeHead)));
  for (const connection of slow) void connection.send(" ".repeat(7_900_000));

  // While they send, other clients may be refused for a moment, until the service has refused those without room.
  const topic = uniqueTopic("beside-slow");
  const events = (number: number) =>
    makeEvents(topic, 400, number * 400).map((event) => ({ ...event, payload: FILLER }));
  for (let number = 0; number < 20; number++) await publishEventually(events(number));

  for (const connection of slow) connection.destroy();
  await expectHealthy();
});

describe("a client that does not read its answers", () => {
  const topic = uniqueTopic("unread");
  const unread: RawConnection[] = [];
  const exportLines = { accept: "application/x-ndjson" };
  const ask = (headers = {}) => call(`/events?topic=${topic}&limit=100`, { headers });

  beforeAll(async () => {
    // 32 MB: more than the buffers of two connections, to an edge and behind it, of up to 10 MB each on Linux.
    const payload = { text: "x".repeat(40_000) };
    for (let first = 0; first < 800; first += 100) {
      await publishEventually(makeEvents(topic, 100, first).map((event) => ({ ...event, payload })));
    }
  });

  afterAll(() => {
    for (const connection of unread) connection.destroy();
  });

  test("a client that does not read its exports gets no more of them, and its other requests are answered", async () => {
    const request = requestText(`GET /events?topic=${topic} HTTP/1.1`, ["Accept: application/x-ndjson"]);
    const openUnread = async () => {
      const connection = await RawConnection.open();
      connection.stopReading();
      await connection.send(request);
      unread.push(connection);
    };

    // Exports of the other test files count for the same client, so some of the unread ones may be refused at once.
    const refused = await eventually(
      "a refused export",
      async () => {
        for (let exports = 0; exports < 3; exports++) await openUnread();
        return ask(exportLines);
      },
      ({ status }) => status === 429 || status === 503,
      30_000,
    );
    expectProblem(refused, 429, 503);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect((await ask()).status).toBe(200);
    await expectHealthy();
  });

  test("an export is answered again once the client has left the ones that it did not read", async () => {
    for (const connection of unread) connection.destroy();

    await eventually(
      "an export",
      () => ask(exportLines),
      ({ status }) => status === 200,
    );
  });
});

describe("2,000 connections that do nothing", () => {
  const idle: RawConnection[] = [];

  beforeAll(async () => {
    const said = ["", whole.slice(0, 10), head, requestText("GET /livez HTTP/1.1", [])];
    for (let opened = 0; opened < 2_000; opened += 100) {
      const next = Array.from({ length: 100 }, (_, index) => openWith(said[index % said.length] ?? ""));
      idle.push(...(await Promise.all(next)));
    }
  });

  afterAll(() => {
    for (const connection of idle) connection.destroy();
  });

  test("2,000 idle connections do not delay other clients", async () => {
    const topic = uniqueTopic("beside-idle");
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => publish(makeEvents(topic, 10, index * 10))),
    );

    expect(answers.map(({ accepted }) => accepted)).toEqual(answers.map(() => 10));
    await expectHealthy();
  });

  test("a service is healthy after 2,000 idle connections are closed", async () => {
    const open = idle.filter(({ isOpen }) => isOpen).length;
    for (const connection of idle) connection.destroy();

    expect(open).toBeGreaterThan(0);
    await expectHealthy();
  });
});

describe("clients that are too slow", () => {
  test.each(Object.keys(SLOW))("a client that %s is disconnected in bounded time", async (name) => {
    // A client that has sent a part of a request gets an answer with the reason.
    for (const answer of (await outcomes.get(name)) ?? []) expectProblem(answer, 400, 408, 413);
  });

  test("no event of the clients that are too slow is stored", async () => {
    expect(await getJson(`/events?topic=${hostileTopic}`)).toMatchObject({ count: 0 });
    await eventually(
      "a service without work",
      () => getJson("/stats"),
      ({ queue_size, received, unique_processed, duplicate_dropped, dead_lettered }) =>
        queue_size === 0 && received === Number(unique_processed) + Number(duplicate_dropped) + Number(dead_lettered),
    );
    await expectHealthy();
  });
});
