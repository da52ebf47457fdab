import { randomUUID } from "node:crypto";
import type { Subscription } from "@nats-io/transport-node";
import { DurabilityReport } from "@tidemark/domain/durability-schema";
import { areVerdicts } from "@tidemark/domain/verdict";
import type { Heartbeat, Signals, VerdictMessage } from "@tidemark/event-log/signals";
import { z } from "zod";
import type { JetstreamConnection } from "./connection.ts";
import { createGatewaySignals, type GatewaySignalsOptions } from "./gateway-signals.ts";

const VERDICT_PREFIX = "tidemark.verdict.";
const HEARTBEAT_SUBJECT = "tidemark.heartbeat";
const COMMIT_SUBJECT = "tidemark.commit";

/**
 * Signals over core NATS. They are delivered at most once, and only the last heartbeat of each gateway is stored.
 * Signals sent without a connection are dropped, because the client would keep all of them and send them late.
 * Listeners added before the connection is made hear signals from then on.
 *
 * A message that cannot be read, because it comes from another version, is dropped as well.
 */
export function createNatsSignals(connection: JetstreamConnection, options: GatewaySignalsOptions = {}): Signals {
  const address = `${VERDICT_PREFIX}${randomUUID()}`;

  function send(subject: string, text: string): void {
    if (connection.isConnected) connection.nats.publish(subject, text);
  }

  function listen<Message>(
    subject: string,
    read: (text: string) => Message | undefined,
    listener: (message: Message) => void,
  ): () => void {
    let subscription: Subscription | undefined;
    let isStopped = false;
    const subscribe = () => {
      if (isStopped) return;
      subscription = connection.nats.subscribe(subject, {
        callback(error, message) {
          const received = error === null ? read(message.string()) : undefined;
          if (received !== undefined) listener(received);
        },
      });
    };
    if (connection.isConnected) subscribe();
    else void connection.connected().then(subscribe);
    return () => {
      isStopped = true;
      subscription?.unsubscribe();
    };
  }

  const gateways = createGatewaySignals(connection, options);

  return {
    address,
    sendVerdicts(to, { frameId, verdicts }) {
      if (isVerdictAddress(to)) send(to, `${frameId} ${verdicts}`);
    },
    onVerdicts: (listener) => listen(address, readVerdicts, listener),
    sendHeartbeat: (heartbeat) => send(HEARTBEAT_SUBJECT, JSON.stringify(heartbeat)),
    onHeartbeat: (listener) => listen(HEARTBEAT_SUBJECT, readHeartbeat, listener),
    sendGatewayHeartbeat: gateways.send,
    onGatewayHeartbeat: gateways.listen,
    sendCommit: () => send(COMMIT_SUBJECT, ""),
    onCommit: (listener) => listen(COMMIT_SUBJECT, () => true, listener),
  };
}

/** An address comes from a frame, so it is checked: a message is published only to the address of a gateway. */
function isVerdictAddress(text: string): boolean {
  return /^tidemark\.verdict\.[0-9a-f-]+$/.test(text);
}

function readVerdicts(text: string): VerdictMessage | undefined {
  const [frameId, verdicts] = text.split(" ");
  return frameId && verdicts && areVerdicts(verdicts) ? { frameId, verdicts } : undefined;
}

/** A field that an older version does not send, or that a newer version sends in another form, is left out. */
const HeartbeatText = z.object({
  consumerId: z.string(),
  isStoreUp: z.boolean(),
  lagMs: z.number(),
  durability: DurabilityReport.optional().catch(undefined),
  isWaiting: z.boolean().optional().catch(undefined),
  hasEnded: z.boolean().optional().catch(undefined),
});

function readHeartbeat(text: string): Heartbeat | undefined {
  try {
    const { durability, isWaiting, hasEnded, ...heartbeat } = HeartbeatText.parse(JSON.parse(text));
    return {
      ...heartbeat,
      ...(durability && { durability }),
      ...(isWaiting && { isWaiting }),
      ...(hasEnded && { hasEnded }),
    };
  } catch {
    return undefined;
  }
}
