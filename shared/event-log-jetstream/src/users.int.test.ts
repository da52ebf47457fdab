import { connect, type NatsConnection } from "@nats-io/transport-node";
import { createFrame } from "@tidemark/event-log/contract/frames";
import { natsUrlOfPart } from "@tidemark/programs/nats-server";
import { startOwnBroker } from "@tidemark/test-support/processes/own-services";
import { expect, onTestFinished, test } from "vitest";
import { createJetstreamConnection, readServerUrl } from "./connection.ts";
import { silentLogger } from "./fixture/nats-streams.ts";
import { createJetstreamEventLog, type LogAccess } from "./jetstream-event-log.ts";
import { createNatsSignals } from "./jetstream-signals.ts";

// The users of deploy/nats/users.conf, which the local brokers of tests and of `npm run stack` load as well.

const MAX_BYTES = 16_000_000;

/** Connects as a service does, with its own credentials. */
async function openPart(brokerUrl: string, name: string, access: LogAccess, maxBytes = MAX_BYTES) {
  const connection = createJetstreamConnection({
    url: natsUrlOfPart(brokerUrl, name),
    name,
    logger: silentLogger,
  });
  onTestFinished(() => connection.close());
  const log = createJetstreamEventLog({ connection, access, maxBytes, logger: silentLogger });
  onTestFinished(() => log.close());
  await log.opened;
  return { connection, log, signals: createNatsSignals(connection) };
}

/** A client that has the credentials of a service and sends any command. */
async function connectAs(part: string, brokerUrl: string): Promise<NatsConnection> {
  const nats = await connect({ ...readServerUrl(natsUrlOfPart(brokerUrl, part)), inboxPrefix: `_INBOX.${part}` });
  onTestFinished(() => nats.close());
  return nats;
}

/** Opens a broker whose log holds a frame. */
async function openBroker() {
  const { url } = await startOwnBroker();
  const gateway = await openPart(url, "gateway", "append");
  await gateway.log.append(createFrame());
  const consumer = await openPart(url, "consumer", "take");
  return { url, gateway, consumer };
}

test("gateway, consumer and query work with the rights of their own users", async () => {
  const { url, gateway, consumer } = await openBroker();
  const query = await openPart(url, "query", "read");
  const heard: unknown[] = [];
  gateway.signals.onVerdicts((message) => heard.push(message));
  gateway.signals.onHeartbeat((heartbeat) => heard.push(heartbeat.consumerId));
  query.signals.onHeartbeat((heartbeat) => heard.push(heartbeat.consumerId));
  query.signals.onCommit(() => heard.push("commit"));
  await Promise.all([gateway, query].map(({ connection }) => connection.nats.flush()));

  expect(await query.log.snapshot()).toMatchObject({ frames: 1, events: 1 });
  const [delivery] = await consumer.log.take({ maxEvents: 10, maxBytes: 1_000 });
  consumer.signals.sendVerdicts(gateway.signals.address, { frameId: "f", verdicts: "s" });
  consumer.signals.sendHeartbeat({ consumerId: "c", isStoreUp: true, lagMs: 0 });
  consumer.signals.sendCommit();
  delivery?.ack();
  await consumer.connection.nats.flush();
  await Promise.all([gateway, query].map(({ connection }) => connection.nats.flush()));

  await expect.poll(() => heard.length).toBe(4);
  expect(heard).toContainEqual({ frameId: "f", verdicts: "s" });
  await expect.poll(async () => (await query.log.snapshot()).frames).toBe(0);
});

test("a query service hears the gateways, including those that sent their last heartbeat before it started", async () => {
  const { url, gateway } = await openBroker();
  const admin = await connectAs("admin", url);
  const heartbeat = {
    gatewayId: "g",
    startedAtMs: 1,
    beat: 1,
    generation: "1",
    confirmedEvents: 1,
    confirmedBytes: 1,
    hasEnded: true,
  };
  const stateOfKept = async () => {
    const info = (await admin.request("$JS.API.STREAM.INFO.TIDEMARK_GATEWAYS")).json<{
      state?: { last_seq: number };
    }>();
    return info.state;
  };
  // The first heartbeat creates the stream that keeps the last heartbeat of each gateway.
  const countSent = async () => {
    gateway.signals.sendGatewayHeartbeat(heartbeat);
    return (await stateOfKept())?.last_seq;
  };
  await expect.poll(countSent, { interval: 100, timeout: 10_000 }).toBeGreaterThan(1);
  expect(await stateOfKept()).toMatchObject({ messages: 1 });

  const { signals } = await openPart(url, "query", "read");
  const heard = new Promise((resolve) => signals.onGatewayHeartbeat((message, isKept) => resolve({ message, isKept })));

  expect(await heard).toEqual({ message: heartbeat, isKept: true });
});

const INFO = "$JS.API.STREAM.INFO.TIDEMARK";
const NOT_OF_GATEWAY = [
  "_INBOX.consumer.1",
  "_INBOX.query.1",
  "tidemark.verdict.another",
  "tidemark.heartbeat",
  "tidemark.commit",
  "$JS.API.STREAM.PURGE.TIDEMARK",
  "$JS.API.STREAM.DELETE.TIDEMARK",
  "$JS.API.STREAM.UPDATE.TIDEMARK",
  "$JS.API.STREAM.MSG.GET.TIDEMARK",
  "$JS.API.STREAM.MSG.DELETE.TIDEMARK",
  "$JS.API.DIRECT.GET.TIDEMARK",
  "$JS.API.CONSUMER.CREATE.TIDEMARK.own",
  "$JS.API.CONSUMER.DURABLE.CREATE.TIDEMARK.own",
  "$JS.API.CONSUMER.DELETE.TIDEMARK.consumer",
  "$JS.API.CONSUMER.MSG.NEXT.TIDEMARK.consumer",
  "$JS.API.STREAM.CREATE.OTHER",
  "$JS.ACK.TIDEMARK.consumer.1.1.1.1.0",
];
const NOT_OF_QUERY = [
  ...NOT_OF_GATEWAY,
  "_INBOX.gateway.1",
  "tidemark.ingest.1",
  "tidemark.gateway.1",
  "$JS.API.STREAM.CREATE.TIDEMARK",
  "$JS.API.STREAM.CREATE.TIDEMARK_GATEWAYS",
];
const NOT_OF_CONSUMER = [
  "_INBOX.gateway.1",
  "tidemark.ingest.1",
  "tidemark.gateway.1",
  "$JS.API.STREAM.PURGE.TIDEMARK",
  "$JS.API.STREAM.DELETE.TIDEMARK",
  "$JS.API.STREAM.CREATE.OTHER",
  "$JS.API.CONSUMER.CREATE.OTHER.own",
];

test.each([
  ["gateway", NOT_OF_GATEWAY, ["_INBOX.consumer.>", "_INBOX.query.>", "tidemark.ingest.>", ">"]],
  ["query", NOT_OF_QUERY, ["_INBOX.consumer.>", "tidemark.verdict.*", "tidemark.ingest.>", ">"]],
  ["consumer", NOT_OF_CONSUMER, ["_INBOX.query.>", "_INBOX.gateway.>", "tidemark.ingest.>", ">"]],
] as const)("the credentials of the %s give no other right", async (part, subjects, subscriptions) => {
  const { url } = await openBroker();
  const nats = await connectAs(part, url);

  expect((await nats.request(INFO)).string()).toContain('"messages":1');
  for (const subject of subjects) {
    await expect(nats.request(subject, "{}"), subject).rejects.toThrow(/Permissions Violation for Publish/i);
  }
  for (const subject of subscriptions) {
    const refused = new Promise((resolve) => nats.subscribe(subject, { callback: (error) => resolve(String(error)) }));
    await expect(refused, subject).resolves.toMatch(/Permissions Violation for Subscription/i);
  }
  expect((await nats.request(INFO)).string()).toContain('"messages":1');
});

test("a consumer changes the size of a stream that exists", async () => {
  const { url } = await openBroker();
  const { log } = await openPart(url, "consumer", "take", 2 * MAX_BYTES);
  expect(await log.snapshot()).toMatchObject({ frames: 1, maxBytes: 2 * MAX_BYTES });
});

test("a gateway does not change a stream that exists", async () => {
  const { url } = await openBroker();
  const nats = await connectAs("gateway", url);
  const config = { name: "TIDEMARK", subjects: ["tidemark.ingest.>"], retention: "workqueue", max_age: 1_000_000_000 };

  const answer = await nats.request("$JS.API.STREAM.CREATE.TIDEMARK", JSON.stringify(config));

  expect(answer.json()).toMatchObject({ error: { err_code: 10058 } });
});

test("a client without credentials is refused", async () => {
  const { url } = await startOwnBroker();
  const { host } = new URL(url);
  await expect(connect({ servers: host, reconnect: false })).rejects.toThrow(/authorization/i);
});
