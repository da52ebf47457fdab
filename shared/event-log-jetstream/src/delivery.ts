import type { Msg } from "@nats-io/transport-node";
import type { Delivery, UnreadableDelivery } from "@tidemark/event-log/event-log";
import type { JetstreamConnection } from "./connection.ts";
import { readFacts, readMessage } from "./message.ts";

/** A delivery with its number of events and bytes. */
export interface WeighedDelivery {
  delivery: Delivery | UnreadableDelivery;
  events: number;
  bytes: number;
  /** Tells the server that the delivery is still in flight. */
  extend(): void;
}

const ACK = Buffer.from("+ACK");
const IN_PROGRESS = Buffer.from("+WPI");

/** Makes a delivery from a message of the stream, even if the message is not a readable frame. */
export function readDelivery(
  message: Msg,
  { connection, onDecided }: { connection: JetstreamConnection; onDecided: () => void },
): WeighedDelivery {
  let isDecided = false;
  // The acknowledgement waits for the connection, because the client can lose messages that it sends while
  // disconnected. If the acknowledgement comes too late, the frame is delivered again, and the ledger recognises it.
  const respond = (payload: Buffer) => {
    if (connection.isConnected) message.respond(payload);
    else void connection.connected().then(() => message.respond(payload));
  };
  const decide = (payload: Buffer) => {
    if (isDecided) return;
    isDecided = true;
    respond(payload);
    onDecided();
  };
  const facts = readFacts(message);
  return {
    delivery: {
      ...readMessage(message, facts),
      origin: facts.origin,
      ack: () => decide(ACK),
      retry: (delayMs: number) => decide(negativeAck(delayMs)),
    },
    events: facts.events,
    bytes: message.data.length,
    extend: () => void message.respond(IN_PROGRESS),
  };
}

function negativeAck(delayMs: number): Buffer {
  return Buffer.from(delayMs > 0 ? `-NAK ${JSON.stringify({ delay: Math.round(delayMs * 1e6) })}` : "-NAK");
}
