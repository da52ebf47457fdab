import { encodeFrameHeader } from "@tidemark/domain/frame";
import { createFrame, takeAll, takeSome, waitForFrames } from "@tidemark/event-log/contract/frames";
import type { DamagedFrame, Delivery, EventLog, UnreadableDelivery } from "@tidemark/event-log/event-log";
import { publishNatsMessage } from "@tidemark/test-support/clients/nats-protocol";
import { waitFor } from "@tidemark/test-support/wait-for";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { createJetstreamConnection } from "./connection.ts";
import { createStream, type StreamUnderTest, silentLogger } from "./fixture/nats-streams.ts";
import { createJetstreamEventLog } from "./jetstream-event-log.ts";

const PLENTY = { maxEvents: 1_000_000, maxBytes: 1_000_000_000 };

async function createTestStream(): Promise<StreamUnderTest> {
  const stream = await createStream(inject("natsUrl"));
  onTestFinished(() => stream.close());
  return stream;
}

async function connectAnew() {
  const connection = createJetstreamConnection({ url: inject("natsUrl"), name: "second", logger: silentLogger });
  await connection.opened;
  onTestFinished(() => connection.close());
  return connection;
}

test("a frame that is appended twice is stored once", async () => {
  const log = await (await createTestStream()).open();
  const frame = createFrame();
  await log.append(frame);
  await log.append(frame);
  expect(await log.snapshot()).toMatchObject({ frames: 1, lastSequence: 1 });
});

test("a frame is delivered again when its taker is gone", async () => {
  const stream = await createTestStream();
  const connection = await connectAnew();
  const gone = await stream.open({ connection, ackWaitMs: 400 });
  await gone.append(createFrame());
  const [first] = await takeAll(gone, 1);
  await connection.close();
  const [again] = await takeAll(await stream.open({ ackWaitMs: 400 }), 1);
  expect(again?.origin).toEqual(first?.origin);
});

test("a frame in flight is not delivered again, however long it takes", async () => {
  const log = await (await createTestStream()).open({ ackWaitMs: 400 });
  for (let count = 0; count < 3; count++) await log.append(createFrame());
  const deliveries = await takeAll(log, 3);
  const takenAt = Date.now();
  const taken: unknown[] = [];
  const takingOn = log.take(PLENTY).then((more) => taken.push(...more));
  await waitFor("three times the acknowledgement wait to pass", () => Date.now() - takenAt > 1_200);
  expect(taken).toEqual([]);

  for (const delivery of deliveries.slice(1)) delivery.ack();
  deliveries[0]?.retry(0);
  await takingOn;
  expect(taken).toMatchObject([{ origin: deliveries[0]?.origin }]);
});

test("a frame in the buffer is not delivered to others", async () => {
  const stream = await createTestStream();
  const log = await stream.open({ ackWaitMs: 400 });
  for (let count = 0; count < 3; count++) await log.append(createFrame());
  const oneEach = { maxEvents: 1, maxBytes: 1_000 };
  const [first] = await log.take(oneEach);
  first?.ack();
  const startedAt = Date.now();
  await waitFor("three times the acknowledgement wait to pass", () => Date.now() - startedAt > 1_200);

  const rest = [...(await log.take(oneEach)), ...(await log.take(oneEach))];
  for (const delivery of rest) delivery.ack();
  expect(rest.map(({ origin }) => origin.sequence)).toEqual([2, 3]);
  await waitForFrames(log, 0);
});

test("closing gives back the frames in the buffer at once", async () => {
  const stream = await createTestStream();
  const ackWaitMs = 3_600_000; // a frame that was not given back would be delivered only after the test's timeout
  const first = await stream.open({ ackWaitMs });
  for (let count = 0; count < 200; count++) await first.append(createFrame());
  const taken = await first.take({ maxEvents: 1, maxBytes: 1_000 });
  const second = await stream.open({ connection: await connectAnew(), ackWaitMs });
  await first.close();

  const deliveries = await takeAll(second, 199);
  expect(new Set(deliveries.map(({ origin }) => origin.sequence)).size).toBe(199);

  taken[0]?.ack(); // taken frames can still be acknowledged
  for (const delivery of deliveries) delivery.ack();
  await waitForFrames(second, 0);
});

test("frames are shared among several takers", async () => {
  const stream = await createTestStream();
  const logs = [await stream.open(), await stream.open({ connection: await connectAnew() })] as const;
  const seen: number[] = [];
  const takeOn = async (log: EventLog) => {
    while (seen.length < 1_000) {
      const deliveries = await log.take(PLENTY);
      if (deliveries.length === 0) return; // the other taker has the last one
      for (const delivery of deliveries) {
        seen.push(delivery.origin.sequence);
        delivery.ack();
      }
    }
    await Promise.all(logs.map((each) => each.close()));
  };
  const taking = logs.map(takeOn);
  await Promise.all(Array.from({ length: 1_000 }, () => logs[0].append(createFrame())));
  await Promise.all(taking);
  expect(new Set(seen).size).toBe(1_000);
});

test("a frame of the largest size is delivered unchanged, and a larger one is refused", async () => {
  const log = await (await createTestStream()).open();
  const largest = createFrame({ events: Buffer.alloc(log.maxFrameBytes, "Tidemark\u0000\u{1f30a}") });
  await log.append(largest);
  const [delivery] = await takeAll(log, 1);
  expect(delivery?.frame.events.equals(largest.events)).toBe(true);

  await expect(log.append(createFrame({ events: Buffer.alloc(log.maxFrameBytes + 1) }))).rejects.toThrow(/larger than/);
  expect(await log.snapshot()).toMatchObject({ lastSequence: 1 });
});

describe("a message that cannot be read is delivered with the facts about it:", () => {
  const ID = "0f8fad5b-d9cb-469f-a165-70867728950e";
  const sound = createFrame({ id: ID, requests: [2], replyTo: "tidemark.verdict.0a" });

  function damagedIn(delivery: Delivery | UnreadableDelivery | undefined): DamagedFrame {
    if (delivery === undefined || !("damaged" in delivery) || delivery.damaged === undefined) throw new Error("sound");
    return delivery.damaged;
  }

  async function openStream() {
    const stream = await createTestStream();
    const publish = (count: number | string, headers: Record<string, string>) =>
      publishNatsMessage(inject("natsUrl"), {
        subject: `${stream.name.toLowerCase()}.ingest.${count}`,
        headers: { "Nats-Msg-Id": ID, ...headers },
        payload: sound.events,
      });
    return { stream, log: await stream.open(), publish };
  }

  test.each([
    ["a frame header that cannot be read", 2, "nonsense", 2, undefined],
    ["no frame header", 2, "", 2, undefined],
    ["a frame header that is damaged in one place", 2, encodeFrameHeader(sound).replace(ID, "?"), 2, sound.replyTo],
    ["a frame header with another number of events than its subject", 3, encodeFrameHeader(sound), 3, sound.replyTo],
    ["a subject without a number of events", "x", encodeFrameHeader(sound), 0, sound.replyTo],
    ["a subject with more events than a frame can have", 1_000_001, encodeFrameHeader(sound), 0, sound.replyTo],
  ])("%s", async (_what, subject, envelope, events, replyTo) => {
    const { log, publish } = await openStream();
    const before = Date.now();
    await publish(subject, { "Tidemark-Frame": envelope });

    const [delivery] = await takeSome(log);

    const damaged = damagedIn(delivery);
    expect(damaged).toMatchObject({ frameId: ID, events, reason: expect.stringMatching(/^damaged frame/) });
    expect(damaged.content.equals(sound.events)).toBe(true);
    expect(Math.abs(damaged.receivedAtMs - before)).toBeLessThan(60_000);
    expect(delivery).toMatchObject(replyTo === undefined ? {} : { replyTo });
    expect(await log.snapshot()).toMatchObject({ frames: 1, events });
  });

  test("a frame of a newer format", async () => {
    const { log, publish } = await openStream();
    await publish(2, { "Tidemark-Frame": encodeFrameHeader(sound).replace(/^1;/, "2;") });

    const [delivery] = await takeSome(log);

    expect(delivery).toMatchObject({ error: { name: "NewerFrameFormat" } });
  });

  test.each([
    ["no message id", { "Nats-Msg-Id": "" }],
    ["a message id that no frame has", { "Nats-Msg-Id": "evt-001" }],
    ["headers that the client cannot read", { Other: "one\rtwo" }],
  ])("%s: its id is that of its place in the log, each time it is delivered", async (_what, headers) => {
    const { log, publish } = await openStream();
    await publish(2, { "Tidemark-Frame": "nonsense", ...headers });
    await publish(2, { "Tidemark-Frame": "nonsense", ...headers, "Nats-Msg-Id": "another" });
    const idsOf = async () => {
      const deliveries: (Delivery | UnreadableDelivery)[] = [];
      while (deliveries.length < 2) deliveries.push(...(await takeSome(log)));
      for (const delivery of deliveries) delivery.retry(0);
      return deliveries.map((delivery) => damagedIn(delivery).frameId).toSorted();
    };

    const first = await idsOf();
    const again = await idsOf();

    expect(again).toEqual(first);
    expect(new Set(first).size).toBe(2);
    for (const id of first) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

test("a snapshot does not list very many gaps behind a frame that stays, so that its cost is bounded", async () => {
  const stream = await createTestStream();
  const log = await stream.open();
  for (let count = 0; count < 6; count++) await log.append(createFrame());
  const deliveries = await takeAll(log, 6);
  for (const delivery of deliveries.slice(1, 5)) delivery.ack();
  await waitForFrames(log, 2);

  const { connection, name } = stream;
  const look = async (maxGapsListed: number) => {
    const other = createJetstreamEventLog({ connection, stream: name, maxGapsListed, logger: silentLogger });
    await other.opened;
    return other.snapshot();
  };
  const held = [
    { first: 1, last: 1 },
    { first: 6, last: 6 },
  ];
  expect(await look(4)).toMatchObject({ events: 2, held });
  const brief = await look(3);
  expect(brief).toMatchObject({ events: 2, frames: 2, lastSequence: 6 });
  expect(brief).not.toHaveProperty("held");
});
