import type { Msg } from "@nats-io/transport-node";
import { InvalidInput } from "../errors.ts";
import { countEvents, decodeFrame, type Frame, NewerFrameFormat } from "../frame.ts";
import type { Delivery, Origin, UnreadableDelivery } from "./event-log.ts";
import type { JetstreamConnection } from "./jetstream-connection.ts";
import { FRAME_HEADER } from "./jetstream-publisher.ts";
import { eventsOfSubject, incarnationOfConsumer } from "./jetstream-stream.ts";

/** A delivery with what it weighs. */
export interface WeighedDelivery {
  delivery: Delivery | UnreadableDelivery;
  events: number;
  bytes: number;
}

const ACK = Buffer.from("+ACK");
const IN_PROGRESS = Buffer.from("+WPI");

/** Reads a message of the stream. One that is no readable frame is a delivery all the same, with the reason. */
export function readDelivery(message: Msg, connection: JetstreamConnection): WeighedDelivery {
  let isDecided = false;
  // Kept until the connection is back: what the client gets while disconnected may be lost. A delivery whose
  // acknowledgement came too late is delivered again, which the ledger makes a no-op.
  const respond = (payload: Buffer) => {
    if (connection.isConnected) message.respond(payload);
    else void connection.connected().then(() => message.respond(payload));
  };
  const decide = (payload: Buffer) => {
    if (!isDecided) respond(payload);
    isDecided = true;
  };
  const actions = {
    origin: readOrigin(message.reply ?? ""),
    ack: () => decide(ACK),
    retry: (delayMs: number) => decide(negativeAck(delayMs)),
    extend: () => {
      if (!isDecided) respond(IN_PROGRESS);
    },
  };
  const weight = { events: eventsOfSubject(message.subject), bytes: message.data.length };
  try {
    return { delivery: { frame: readFrame(message, weight.events), ...actions }, ...weight };
  } catch (error) {
    if (!(error instanceof InvalidInput || error instanceof NewerFrameFormat)) throw error;
    return { delivery: { error, ...actions }, ...weight };
  }
}

function readFrame({ headers, data }: Msg, subjectEvents: number): Frame {
  const events = Buffer.from(data.buffer, data.byteOffset, data.length);
  const frame = decodeFrame(headers?.get(FRAME_HEADER) ?? "", events);
  // The books count queued events by subject, and stored ones by envelope.
  if (countEvents(frame) === subjectEvents) return frame;
  const detail = `damaged frame: its subject counts ${subjectEvents} events, its envelope ${countEvents(frame)}`;
  throw new InvalidInput({ code: "invalid_event", status: 422, detail });
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
