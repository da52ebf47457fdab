import { randomUUID } from "node:crypto";
import { Durability } from "@tidemark/domain/durability";
import { areVerdicts } from "@tidemark/domain/verdict";
import type { Heartbeat, Signals, VerdictMessage } from "@tidemark/event-log/signals";
import { z } from "zod";
import type { JetstreamConnection } from "./connection.ts";

const VERDICT_PREFIX = "tidemark.verdict.";
const HEARTBEAT_SUBJECT = "tidemark.heartbeat";
const COMMIT_SUBJECT = "tidemark.commit";

/**
 * Signals over core NATS: at most once, kept nowhere. Those sent while the connection is lost are dropped, for the client
 * would keep them all and send them late.
 *
 * A message that cannot be read (of another version) is dropped as well.
 */
export function createNatsSignals(connection: JetstreamConnection): Signals {
  const { nats } = connection;
  const address = `${VERDICT_PREFIX}${randomUUID()}`;

  function send(subject: string, text: string): void {
    if (connection.isConnected) nats.publish(subject, text);
  }

  function listen<Message>(
    subject: string,
    read: (text: string) => Message | undefined,
    listener: (message: Message) => void,
  ): void {
    nats.subscribe(subject, {
      callback(error, message) {
        const received = error === null ? read(message.string()) : undefined;
        if (received !== undefined) listener(received);
      },
    });
  }

  return {
    address,
    sendVerdicts(to, { frameId, verdicts }) {
      if (isVerdictAddress(to)) send(to, `${frameId} ${verdicts}`);
    },
    onVerdicts: (listener) => listen(address, readVerdicts, listener),
    sendHeartbeat: (heartbeat) => send(HEARTBEAT_SUBJECT, JSON.stringify(heartbeat)),
    onHeartbeat: (listener) => listen(HEARTBEAT_SUBJECT, readHeartbeat, listener),
    sendCommit: () => send(COMMIT_SUBJECT, ""),
    onCommit: (listener) => listen(COMMIT_SUBJECT, () => true, listener),
  };
}

/** An address comes out of a frame: anything else than one of ours is not published to. */
function isVerdictAddress(text: string): boolean {
  return /^tidemark\.verdict\.[0-9a-f-]+$/.test(text);
}

function readVerdicts(text: string): VerdictMessage | undefined {
  const [frameId, verdicts] = text.split(" ");
  return frameId && verdicts && areVerdicts(verdicts) ? { frameId, verdicts } : undefined;
}

/** What an older version does not send, or a newer one sends in another form, is passed over. */
const HeartbeatText = z.object({
  consumerId: z.string(),
  isStoreUp: z.boolean(),
  lagMs: z.number(),
  eventsPerSecond: z.number().nonnegative().optional().catch(undefined),
  durability: Durability.optional().catch(undefined),
});

function readHeartbeat(text: string): Heartbeat | undefined {
  try {
    const { eventsPerSecond, durability, ...heartbeat } = HeartbeatText.parse(JSON.parse(text));
    return {
      ...heartbeat,
      ...(eventsPerSecond === undefined ? {} : { eventsPerSecond }),
      ...(durability === undefined ? {} : { durability }),
    };
  } catch {
    return undefined;
  }
}
