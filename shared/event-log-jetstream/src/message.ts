import { createHash } from "node:crypto";
import type { Msg, MsgHdrs } from "@nats-io/transport-node";
import { InvalidInput } from "@tidemark/domain/errors";
import { countEvents, decodeFrame, isFrameId, NewerFrameFormat, readReplyTo } from "@tidemark/domain/frame";
import type { Origin } from "@tidemark/domain/origin";
import type { DamagedDelivery, Delivery, NewerDelivery } from "@tidemark/event-log/event-log";
import { FRAME_HEADER, MESSAGE_ID_HEADER } from "./publisher.ts";
import { eventsOfSubject, generationOfConsumer } from "./stream.ts";

/** What the broker itself says of a message, which no damage to the message changes. */
export interface Place {
  origin: Origin;
  /** When the broker took it in, milliseconds since the epoch. */
  receivedAtMs: number;
  /** Events the log counts it for. */
  events: number;
}

/** What a message holds: a frame, a damaged one, or one of a newer format. */
export type MessageContent =
  | Pick<Delivery, "frame">
  | Pick<DamagedDelivery, "damaged" | "replyTo">
  | Pick<NewerDelivery, "error">;

/**
 * The reply subject of a delivery says where it comes from (ADR-15 of nats-architecture-and-design):
 * `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<time>.<pending>`, or, behind `$JS.ACK`,
 * with domain and account in front of the stream and further words at the end. The time is in nanoseconds.
 */
export function readPlace({ reply = "", subject }: Msg): Place {
  const words = reply.split(".");
  const [consumer = "", , sequence, , time] = words.length === 9 ? words.slice(3) : words.slice(5);
  return {
    origin: { generation: generationOfConsumer(consumer), sequence: Number(sequence) },
    receivedAtMs: Math.floor(Number(time) / 1e6),
    events: eventsOfSubject(subject),
  };
}

/** Reads the frame in a message, or says what is wrong with it. */
export function readMessage(message: Msg, place: Place): MessageContent {
  const content = Buffer.from(message.data.buffer, message.data.byteOffset, message.data.length);
  const headers = readHeaders(message);
  const envelope = headers?.get(FRAME_HEADER) ?? "";
  const damaged = (reason: string) => {
    const replyTo = readReplyTo(envelope);
    const { events, receivedAtMs } = place;
    const frameId = frameIdOf(headers, place);
    return { damaged: { frameId, events, receivedAtMs, reason, content }, ...(replyTo ? { replyTo } : {}) };
  };
  try {
    const frame = decodeFrame(envelope, content);
    const found = countEvents(frame);
    if (found === place.events) return { frame };
    // The books count queued events by subject: as many have to leave the queue.
    return damaged(`damaged frame: its subject counts ${place.events} events, its envelope ${found}`);
  } catch (error) {
    if (error instanceof NewerFrameFormat) return { error };
    if (error instanceof InvalidInput) return damaged(error.message);
    throw error;
  }
}

/** Undefined where the client cannot read them: it refuses a carriage return within a value, which the broker takes. */
function readHeaders(message: Msg): MsgHdrs | undefined {
  try {
    return message.headers;
  } catch {
    return undefined;
  }
}

/** The id it was published with, or one made of its place in the log: the ledger has to know it when it comes again. */
function frameIdOf(headers: MsgHdrs | undefined, { origin }: Place): string {
  const messageId = headers?.get(MESSAGE_ID_HEADER) ?? "";
  return isFrameId(messageId) ? messageId : uuidOf(`${origin.generation} ${origin.sequence}`);
}

/** A UUID by name: version 8, made of SHA-256 (RFC 9562, appendix B.2). */
function uuidOf(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
