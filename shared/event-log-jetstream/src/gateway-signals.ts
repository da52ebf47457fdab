import { setTimeout as delay } from "node:timers/promises";
import { DiscardPolicy, jetstream, jetstreamManager, StorageType } from "@nats-io/jetstream";
import { MAX_GATEWAYS } from "@tidemark/event-log/gateway-heartbeats";
import type { GatewayHeartbeat, GatewayHeartbeatListener } from "@tidemark/event-log/signals";
import type { Logger } from "@tidemark/telemetry/logger";
import { z } from "zod";
import type { JetstreamConnection } from "./connection.ts";
import { isAbsent, isUndecided } from "./errors.ts";

const STREAM = "TIDEMARK_GATEWAYS";
const SUBJECT = "tidemark.gateway";
const MAX_BYTES = 1024 * 1024;
const READ_AGAIN_MS = 2_000;
/** The next heartbeat follows after a second. */
const CONFIRMED_WITHIN_MS = 1_000;

export interface GatewaySignalsOptions {
  /** The number of replicas of the stream of heartbeats, if this process creates it. Default: 1 */
  replicas?: number;
  logger?: Pick<Logger, "warn">;
}

/**
 * Sends and hears the heartbeats of gateways. Each gateway has its own subject, and a stream keeps the last message of
 * each subject. Listeners receive the messages directly, and read the stream after each reconnection.
 */
export function createGatewaySignals(connection: JetstreamConnection, options: GatewaySignalsOptions) {
  const { replicas = 1, logger } = options;
  let isMaking = false;
  let fault: string | undefined;

  /**
   * Creates the stream if it can. If it cannot, for example because the broker has no room, the next heartbeat tries
   * again.
   */
  async function makeStream(): Promise<void> {
    if (isMaking) return;
    isMaking = true;
    try {
      const manager = await jetstreamManager(connection.nats, { checkAPI: false });
      await manager.streams.add({
        name: STREAM,
        subjects: [`${SUBJECT}.*`],
        storage: StorageType.File,
        discard: DiscardPolicy.Old,
        max_msgs_per_subject: 1,
        max_msgs: MAX_GATEWAYS, // a gateway that sends moves to the end, so the gateways that ended first are forgotten first
        max_bytes: MAX_BYTES,
        num_replicas: replicas,
        allow_direct: true,
      });
      fault = undefined;
    } catch (error) {
      const former = fault;
      fault = String(error);
      if (fault !== former)
        logger?.warn({ err: error, stream: STREAM }, "cannot keep the heartbeats of gateways; trying again");
    } finally {
      isMaking = false;
    }
  }

  async function readKept(listener: GatewayHeartbeatListener): Promise<void> {
    const manager = await jetstreamManager(connection.nats, { checkAPI: false });
    const kept = await manager.direct.getLastMessagesFor(STREAM, { multi_last: [`${SUBJECT}.*`] });
    for await (const message of kept) {
      const heartbeat = readHeartbeat(message.string());
      if (heartbeat !== undefined) listener(heartbeat, true);
    }
  }

  async function readKeptWheneverConnected(listener: GatewayHeartbeatListener): Promise<void> {
    while (!connection.isClosed) {
      await connection.connected();
      const isRead = await readKept(listener).then(
        () => true,
        () => false, // the stream does not exist before the first gateway
      );
      await Promise.race([connection.lost(), ...(isRead ? [] : [delay(READ_AGAIN_MS, undefined, { ref: false })])]);
    }
  }

  return {
    send(heartbeat: GatewayHeartbeat): void {
      if (!connection.isConnected) return;
      const subject = `${SUBJECT}.${heartbeat.gatewayId}`;
      jetstream(connection.nats)
        .publish(subject, JSON.stringify(heartbeat), { retries: 0, timeout: CONFIRMED_WITHIN_MS })
        .catch((error) => {
          // Without the stream the request gets no answer while a query service listens, because the message has a
          // receiver.
          if (isAbsent(error) || isUndecided(error)) void makeStream();
        });
    },

    listen(listener: GatewayHeartbeatListener): void {
      void connection.connected().then(() => {
        connection.nats.subscribe(`${SUBJECT}.*`, {
          callback(error, message) {
            const heartbeat = error === null ? readHeartbeat(message.string()) : undefined;
            if (heartbeat !== undefined) listener(heartbeat, false);
          },
        });
        void readKeptWheneverConnected(listener);
      });
    },
  };
}

const HeartbeatText = z.object({
  gatewayId: z.string(),
  startedAtMs: z.number(),
  beat: z.int(),
  generation: z.string(),
  confirmedEvents: z.int(),
  confirmedBytes: z.int(),
  refusals: z
    .array(
      z.object({
        code: z.string(),
        status: z.int(),
        requests: z.int(),
        firstAtMs: z.number(),
        lastAtMs: z.number(),
      }),
    )
    .optional(),
  hasEnded: z.boolean(),
});

function readHeartbeat(text: string): GatewayHeartbeat | undefined {
  try {
    return HeartbeatText.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
