import { createFrame, takeAll } from "@tidemark/event-log/contract/frames";
import { type Broker, startBroker } from "@tidemark/test-support/processes/nats-broker";
import { waitFor } from "@tidemark/test-support/wait-for";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createStream, type StreamUnderTest, silentLogger } from "./fixture/nats-streams.ts";
import { createJetstreamEventLog } from "./jetstream-event-log.ts";

const PLENTY = { maxEvents: 1_000_000, maxBytes: 1_000_000_000 };
let broker: Broker;

beforeAll(async () => {
  broker = await startBroker();
});
afterAll(() => broker.stop());

async function createTestStream(): Promise<StreamUnderTest> {
  const stream = await createStream(broker.url);
  onTestFinished(() => stream.close());
  return stream;
}

function api(stream: StreamUnderTest, subject: string, request: object = {}) {
  return stream.connection.nats.request(`$JS.API.${subject}`, JSON.stringify(request), { timeout: 5_000 });
}

test("a deleted stream is created again, as a new generation", async () => {
  const stream = await createTestStream();
  const log = await stream.open();
  await log.append(createFrame());
  const [former] = await takeAll(log, 1);
  const taking = log.take(PLENTY);
  await api(stream, `STREAM.DELETE.${stream.name}`);
  await waitFor("an append to be confirmed", () => log.append(createFrame()).then(() => true));
  const [delivery] = await taking;
  const { generation } = await log.snapshot();
  expect(delivery?.origin).toEqual({ generation, sequence: 1 });
  expect(former?.origin).not.toEqual(delivery?.origin);

  former?.ack(); // this acknowledges a frame of the former generation, and must not affect the frame that has its sequence now
  await stream.connection.nats.flush();
  expect(await log.snapshot()).toMatchObject({ frames: 1 });
});

test("a deleted consumer is created again, and deliveries continue", async () => {
  const stream = await createTestStream();
  const log = await stream.open();
  await log.append(createFrame());
  const [first] = await takeAll(log, 1);
  const { generation } = await log.snapshot();
  await api(stream, `CONSUMER.DELETE.${stream.name}.consumer-${generation}`);
  const later = createFrame();
  await log.append(later);
  // The frame in flight may be delivered again at once or not, because the new consumer may have found the state of the
  // old one.
  first?.ack();
  const met = new Set<string | undefined>();
  while (!met.has(later.id)) {
    for (const delivery of await log.take({ maxEvents: 1, maxBytes: 1 })) {
      met.add(delivery.frame?.id);
      delivery.ack();
    }
  }
  expect([...met].every((id) => id === later.id || id === first?.frame?.id)).toBe(true);
});

test("many logs that open at the same time share one stream", async () => {
  const stream = await createTestStream();
  const logs = await Promise.all(Array.from({ length: 8 }, () => stream.open()));
  const looks = await Promise.all(logs.map((log) => log.snapshot()));
  expect(new Set(looks.map(({ generation }) => generation)).size).toBe(1);
});

test("an existing stream gets the settings of the log, and keeps its size by default", async () => {
  const stream = await createTestStream();
  const name = stream.name;
  await api(stream, `STREAM.CREATE.${name}`, {
    name,
    subjects: [`${name.toLowerCase()}.ingest.>`],
    retention: "workqueue",
    storage: "file",
    discard: "old",
    max_bytes: 5_000_000,
  });
  await createJetstreamEventLog({ connection: stream.connection, stream: name, logger: silentLogger }).opened;
  const { config } = (await api(stream, `STREAM.INFO.${name}`)).json<{ config: Record<string, unknown> }>();
  expect(config).toMatchObject({ discard: "new", max_bytes: 5_000_000, allow_direct: true });
});

test("a log with several replicas is refused by a server that belongs to no cluster", async () => {
  const stream = await createTestStream();
  await expect(stream.open({ replicas: 3 })).rejects.toThrow(
    "set LOG_REPLICAS=1, or start the server as part of a cluster",
  );
});

test("a stream with another retention is refused", async () => {
  const stream = await createTestStream();
  await api(stream, `STREAM.CREATE.${stream.name}`, { name: stream.name, retention: "limits", storage: "file" });
  await expect(stream.open()).rejects.toThrow(/retention limits on file, which cannot be changed/);
});
