import type { Msg } from "@nats-io/transport-node";
import { InvalidInput } from "../errors.ts";
import { countEvents, decodeFrame, NewerFrameFormat } from "../frame.ts";
import type { Delivery, Origin, UnreadableDelivery } from "./event-log.ts";
import type { JetstreamConnection } from "./jetstream-connection.ts";
import { FRAME_HEADER } from "./jetstream-publisher.ts";
import { eventsOfSubject, incarnationOfConsumer } from "./jetstream-stream.ts";

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

/** Reads a message of the stream. One that is no readable frame is a delivery all the same, with the reason. */
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
  const actions = {
    origin: readOrigin(message.reply ?? ""),
    ack: () => decide(ACK),
    retry: (delayMs: number) => decide(negativeAck(delayMs)),
  };
  const events = eventsOfSubject(message.subject);
  return {
    delivery: { ...readFrame(message, events), ...actions },
    events,
    bytes: message.data.length,
    extend: () => void message.respond(IN_PROGRESS),
  };
}

function readFrame(
  { headers, data }: Msg,
  subjectEvents: number,
): Pick<Delivery, "frame"> | Pick<UnreadableDelivery, "error"> {
  try {
    const events = Buffer.from(data.buffer, data.byteOffset, data.length);
    const frame = decodeFrame(headers?.get(FRAME_HEADER) ?? "", events);
    // The books count queued events by subject, and stored ones by envelope.
    if (countEvents(frame) === subjectEvents) return { frame };
    const detail = `damaged frame: its subject counts ${subjectEvents} events, its envelope ${countEvents(frame)}`;
    return { error: new InvalidInput({ code: "invalid_event", status: 422, detail }) };
  } catch (error) {
    if (error instanceof InvalidInput || error instanceof NewerFrameFormat) return { error };
    throw error;
  }
}

/**
 * The reply subject of a delivery says where it comes from (ADR-15 of nats-architecture-and-design):
 * `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<time>.<pending>`, or, behind `$JS.ACK`,
 * with domain and account in front of the stream and further words at the end.
 */
function readOrigin(reply: string): Origin {
  const words = reply.split(".");
  const [consumer = "", , sequence] = words.length === 9 ? words.slice(3) : words.slice(5);
  return { incarnation: incarnationOfConsumer(consumer), sequence: Number(sequence) };
}

function negativeAck(delayMs: number): Buffer {
  return Buffer.from(delayMs > 0 ? `-NAK ${JSON.stringify({ delay: Math.round(delayMs * 1e6) })}` : "-NAK");
}
