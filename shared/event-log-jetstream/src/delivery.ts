import type { Msg } from "@nats-io/transport-node";
import type { Delivery, UnreadableDelivery } from "@tidemark/event-log/event-log";
import type { JetstreamConnection } from "./connection.ts";
import { readMessage, readPlace } from "./message.ts";

/** A delivery with what it weighs. */
export interface WeighedDelivery {
  delivery: Delivery | UnreadableDelivery;
  events: number;
  bytes: number;
  /** Tells the server that it is still at hand. */
  extend(): void;
}

const ACK = Buffer.from("+ACK");
const IN_PROGRESS = Buffer.from("+WPI");

/** Makes a delivery of a message of the stream. One that is no readable frame is a delivery all the same. */
export function readDelivery(
  message: Msg,
  { connection, onDecided }: { connection: JetstreamConnection; onDecided: () => void },
): WeighedDelivery {
  let isDecided = false;
  // Kept until the connection is back: what the client gets while disconnected may be lost. A delivery whose
  // acknowledgement came too late is delivered again, which the ledger makes a no-op.
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
  const place = readPlace(message);
  return {
    delivery: {
      ...readMessage(message, place),
      origin: place.origin,
      ack: () => decide(ACK),
      retry: (delayMs: number) => decide(negativeAck(delayMs)),
    },
    events: place.events,
    bytes: message.data.length,
    extend: () => void message.respond(IN_PROGRESS),
  };
}

function negativeAck(delayMs: number): Buffer {
  return Buffer.from(delayMs > 0 ? `-NAK ${JSON.stringify({ delay: Math.round(delayMs * 1e6) })}` : "-NAK");
}
