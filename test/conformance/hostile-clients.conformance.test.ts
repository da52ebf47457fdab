import { setInterval } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually, expectProblem } from "./expectations.ts";
import { expectHealthy, expectNothingTaken } from "./hostility.ts";
import { getJson, type JsonObject, type Reply } from "./http-client.ts";
import { makeEvent, makeEvents, publish, uniqueTopic } from "./publishing.ts";
import { publishRequest, RawConnection, requestText } from "./raw-connection.ts";

// Clients that say what they should, but too slowly, too many at once, or without waiting for an answer.

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
  "stops before the body": { text: head },
  "stops inside the body": { text: whole.slice(0, -10) },
  "stops inside a chunk": { text: `${chunkedHead}7fffffff\r\n${body}` },
  "stops between two chunks": { text: `${chunkedHead}${body.length.toString(16)}\r\n${body}\r\n` },
};
const outcomes = new Map<string, Promise<Reply[]>>();

// Their bounds are tens of seconds, so they stall beside all other tests of this file and are judged at its end.
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
  test("in the middle of its request leaves nothing behind", async () => {
    await expectNothingTaken(async () => {
      for (let cut = 1; cut < whole.length; cut += 7) {
        const connection = await openWith(whole.slice(0, cut));
        connection.destroy();
      }
    });
  });

  test("without its answer has had its request taken whole or not at all, and counted once", async () => {
    const batches = Array.from({ length: 60 }, () => makeEvents(uniqueTopic("gone"), 25));
    for (const [index, events] of batches.entries()) {
      const connection = await openWith(publishRequest(events));
      if (index % 3 === 0) connection.finish();
      // It leaves while the service has done this much else for others.
      if (index % 3 === 1) for (let turn = 0; turn < index % 10; turn++) await getJson("/livez");
      connection.destroy();
    }

    // What it sent may be on its way still: sent once more, each event is there, and its copies are all or none.
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

  test("while a batch of 10,000 is on its way leaves all of it or nothing", async () => {
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

  test("do not keep anybody else from being served", async () => {
    const topic = uniqueTopic("beside-idle");
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => publish(makeEvents(topic, 10, index * 10))),
    );

    expect(answers.map(({ accepted }) => accepted)).toEqual(answers.map(() => 10));
    await expectHealthy();
  });

  test("leave a service as it was when they go", async () => {
    const open = idle.filter(({ isOpen }) => isOpen).length;
    for (const connection of idle) connection.destroy();

    expect(open).toBeGreaterThan(0);
    await expectHealthy();
  });
});

describe("a client that is too slow is let go, in bounded time", () => {
  test.each(Object.keys(SLOW))("that %s", async (name) => {
    // It is told why where there is a request to answer; one that never said anything need not be.
    for (const answer of (await outcomes.get(name)) ?? []) expectProblem(answer, 400, 408, 413);
  });

  test("and nothing of it is taken", async () => {
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
