import { describeSignals } from "@tidemark/event-log/contract/signals-contract";
import type { Heartbeat } from "@tidemark/event-log/signals";
import { natsUrlOfPart } from "@tidemark/programs/nats-server";
import { publishNatsMessage } from "@tidemark/test-support/clients/nats-protocol";
import { startBroker } from "@tidemark/test-support/processes/nats-broker";
import { startTcpProxy } from "@tidemark/test-support/processes/tcp-proxy";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, inject, onTestFinished, test } from "vitest";
import { createJetstreamConnection } from "./connection.ts";
import { silentLogger } from "./fixture/nats-streams.ts";
import { createNatsSignals } from "./jetstream-signals.ts";

async function connect(url = inject("natsUrl"), name = "signals") {
  const connection = createJetstreamConnection({ url, name, logger: silentLogger });
  await connection.opened;
  return connection;
}

describeSignals("signals over NATS", async () => {
  const connections = await Promise.all([connect(), connect()]);
  const [gateway, consumer] = connections;
  return {
    gateway: createNatsSignals(gateway),
    consumer: createNatsSignals(consumer),
    settle: () => gateway.nats.flush(),
    close: async () => void (await Promise.all(connections.map((connection) => connection.close()))),
  };
});

test("two processes have two addresses", async () => {
  const connection = await connect();
  onTestFinished(() => connection.close());
  expect(createNatsSignals(connection).address).not.toBe(createNatsSignals(connection).address);
});

test("a message that cannot be read is dropped", async () => {
  const connection = await connect();
  onTestFinished(() => connection.close());
  const signals = createNatsSignals(connection);
  const heard: unknown[] = [];
  signals.onVerdicts((message) => heard.push(message));
  signals.onHeartbeat((heartbeat) => heard.push(heartbeat));
  await connection.nats.flush();
  const send = (subject: string, text: string) =>
    publishNatsMessage(inject("natsUrl"), { subject, headers: {}, payload: Buffer.from(text) });
  await send("tidemark.heartbeat", "not JSON");
  await send("tidemark.heartbeat", '{"consumerId":7}');
  await send(signals.address, "verdicts-without-a-frame");
  await send(signals.address, "frame-with-a-verdict-of-a-newer-version sns");
  await send(signals.address, "frame s");
  await waitFor("the readable one", () => heard.some((message) => "frameId" in (message as object)));
  expect(heard.filter((message) => Object.hasOwn(message as object, "frameId"))).toEqual([
    { frameId: "frame", verdicts: "s" },
  ]);
});

test("a heartbeat of another version keeps the fields that can be read", async () => {
  const connection = await connect();
  onTestFinished(() => connection.close());
  const heard: Heartbeat[] = [];
  createNatsSignals(connection).onHeartbeat((heartbeat) => heard.push(heartbeat));
  await connection.nats.flush();
  const older = { consumerId: "older", isStoreUp: true, lagMs: 1 };
  const newer = { consumerId: "newer", isStoreUp: true, lagMs: 2, durability: "a word", mood: "fine" };
  for (const heartbeat of [older, newer]) connection.nats.publish("tidemark.heartbeat", JSON.stringify(heartbeat));
  const ofThem = () => heard.filter(({ consumerId }) => consumerId === "older" || consumerId === "newer");
  await waitFor("both", () => ofThem().length === 2);
  expect(ofThem()).toEqual([older, { consumerId: "newer", isStoreUp: true, lagMs: 2 }]);
});

test("a gateway warns once while its heartbeats cannot be kept", async () => {
  const broker = await startBroker();
  onTestFinished(() => broker.stop());
  const connection = await connect(natsUrlOfPart(broker.url, "gateway"), "gateway");
  onTestFinished(() => connection.close());
  const warnings: unknown[] = [];
  const logger = { warn: (...line: unknown[]) => void warnings.push(line) };
  const signals = createNatsSignals(connection, { replicas: 3, logger }); // a single server keeps one replica
  const beat = (count: number) => {
    const counts = { generation: "g", confirmedEvents: 0, confirmedBytes: 0 };
    signals.sendGatewayHeartbeat({ gatewayId: "a", startedAtMs: 0, beat: count, hasEnded: false, ...counts });
  };
  beat(1);
  await waitFor("a warning", () => warnings.length === 1);
  for (let count = 2; count < 5; count++) {
    beat(count);
    await connection.nats.flush();
  }
  expect(warnings).toEqual([[expect.objectContaining({ stream: "TIDEMARK_GATEWAYS" }), expect.any(String)]]);
});

test("the heartbeats of a gateway are kept although a query hears them before the first one", async () => {
  const broker = await startBroker();
  onTestFinished(() => broker.stop());
  const connectAs = async (part: string) => {
    const connection = await connect(natsUrlOfPart(broker.url, part), part);
    onTestFinished(() => connection.close());
    return connection;
  };
  const query = await connectAs("query");
  createNatsSignals(query).onGatewayHeartbeat(() => undefined);
  await query.nats.flush();
  const gateway = createNatsSignals(await connectAs("gateway"), { logger: silentLogger });
  const kept: boolean[] = [];
  createNatsSignals(await connectAs("query")).onGatewayHeartbeat((_heartbeat, isKept) => void kept.push(isKept));
  let beat = 0;

  const isKept = () => {
    const counts = { generation: "g", confirmedEvents: 0, confirmedBytes: 0 };
    gateway.sendGatewayHeartbeat({ gatewayId: "a", startedAtMs: 0, beat: ++beat, hasEnded: false, ...counts });
    return kept.includes(true);
  };
  await expect.poll(isKept, { interval: 200, timeout: 15_000 }).toBe(true);
});

test("a signal sent while the connection is lost is dropped, not sent late", async () => {
  const proxy = await startTcpProxy(inject("natsUrl"));
  onTestFinished(() => proxy.close());
  const [sender, receiver] = [await connect(proxy.url), await connect()];
  onTestFinished(async () => void (await Promise.all([sender.close(), receiver.close()])));
  const heard: string[] = [];
  createNatsSignals(receiver).onHeartbeat(({ consumerId }) => heard.push(consumerId));
  await receiver.nats.flush();
  const signals = createNatsSignals(sender);
  const beat = (consumerId: string): Heartbeat => ({ consumerId, isStoreUp: true, lagMs: 0 });

  proxy.refuse();
  await sender.lost();
  for (let count = 0; count < 100; count++) signals.sendHeartbeat(beat(`lost-${signals.address}`));
  proxy.heal();
  await sender.connected();
  signals.sendHeartbeat(beat(`late-${signals.address}`));
  await waitFor("a heartbeat after the connection is back", () => heard.includes(`late-${signals.address}`));
  expect(heard).not.toContain(`lost-${signals.address}`);
});
