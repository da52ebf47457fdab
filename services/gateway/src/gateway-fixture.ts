import { connect } from "node:net";
import { createSigner } from "@tidemark/domain/signer";
import type { Delivery } from "@tidemark/event-log/event-log";
import { createMemoryEventLog } from "@tidemark/event-log/memory-event-log";
import { createMemorySignals } from "@tidemark/event-log/memory-signals";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { createLogger } from "@tidemark/telemetry/logger";
import { onTestFinished } from "vitest";
import { type GatewayOptions, registerGateway } from "./gateway.ts";

export const MAX_BODY_BYTES = 20_000;
export const signer = createSigner(["a signing key that has at least 32 characters"]);

export const event = (id: string, fields: object = {}) => ({
  topic: "t",
  event_id: id,
  timestamp: "2025-10-23T10:00:00Z",
  source: "s",
  payload: {},
  ...fields,
});

/** Opens a gateway with a log and signals in memory, until the test ends. The test is its consumer. */
export function openGateway(options: Partial<GatewayOptions> = {}) {
  const log = createMemoryEventLog({ maxEvents: 10, maxBytes: 1_000_000 });
  const signals = createMemorySignals();
  const server = createHttpServer({ logger: createLogger({ service: "test", level: "silent" }) });
  onTestFinished(async () => {
    await log.close();
    await server.close();
  });
  registerGateway(server, {
    eventLog: log,
    signals,
    signer,
    maxBatchEvents: 10,
    maxBodyBytes: MAX_BODY_BYTES,
    publishWaitMs: 60_000,
    closeWaitMs: 60_000,
    onVerdictTimeout: "receipt",
    ...options,
  });
  const publish = (body: unknown, headers: Record<string, string> = {}) =>
    server.inject({
      method: "POST",
      url: "/publish",
      headers: { "content-type": "application/json", ...headers },
      payload: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    });
  const connectClient = async () => {
    const address = server.server.listening
      ? server.listeningOrigin
      : await server.listen({ port: 0, host: "127.0.0.1" });
    return connect(Number(new URL(address).port), "127.0.0.1").on("error", () => undefined);
  };
  const nextFrame = async () => {
    const [delivery] = await log.take({ maxEvents: 1, maxBytes: 1 });
    return delivery as Delivery;
  };
  const sendVerdicts = ({ frame, ack }: Delivery, verdicts: string) => {
    signals.sendVerdicts(frame.replyTo as string, { frameId: frame.id, verdicts });
    ack();
  };
  return { log, signals, server, publish, connectClient, nextFrame, sendVerdicts };
}

/** Returns the text of a publish request whose client waits for its verdicts. */
export function requestText(body: string): string {
  const headers = [
    "Host: localhost",
    "Content-Type: application/json",
    "Prefer: wait=60",
    `Content-Length: ${body.length}`,
  ];
  return `POST /publish HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n${body}`;
}
