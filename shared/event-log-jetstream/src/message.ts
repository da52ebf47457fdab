import { createHash } from "node:crypto";
import type { Msg, MsgHdrs } from "@nats-io/transport-node";
import { InvalidInput } from "@tidemark/domain/errors";
import { countEvents, decodeFrame, isFrameId, NewerFrameFormat, readReplyTo } from "@tidemark/domain/frame";
import type { Origin } from "@tidemark/domain/origin";
import type { DamagedDelivery, Delivery, NewerDelivery } from "@tidemark/event-log/event-log";
import { FRAME_HEADER, MESSAGE_ID_HEADER } from "./publisher.ts";
import { eventsOfSubject, generationOfConsumer } from "./stream.ts";

/** The facts about a message that the broker states. Damage to the message does not change them. */
export interface MessageFacts {
  origin: Origin;
  /** The time at which the broker received it, milliseconds since the epoch, with fractions. */
  loggedAtMs: number;
  /** The number of events that the log counts for it. */
  events: number;
}

/** The content of a message: a frame, a damaged frame, or a frame of a newer format. */
export type MessageContent =
  | Pick<Delivery, "frame" | "loggedAtMs">
  | Pick<DamagedDelivery, "damaged" | "replyTo">
  | Pick<NewerDelivery, "error">;

/**
 * Reads the facts in the reply subject of a delivery (ADR-15 of nats-architecture-and-design):
 * `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer sequence>.<time>.<pending>`, or, behind `$JS.ACK`,
 * with domain and account before the stream and more words at the end. The time is in nanoseconds.
 */
export function readFacts({ reply = "", subject }: Msg): MessageFacts {
  const words = reply.split(".");
  const [consumer = "", , sequence, , time] = words.length === 9 ? words.slice(3) : words.slice(5);
  return {
    origin: { generation: generationOfConsumer(consumer), sequence: Number(sequence) },
    loggedAtMs: Number(time) / 1e6,
    events: eventsOfSubject(subject),
  };
}

/** Reads the frame in a message, or the reason for which it cannot be read. */
export function readMessage(message: Msg, facts: MessageFacts): MessageContent {
  const content = Buffer.from(message.data.buffer, message.data.byteOffset, message.data.length);
  const headers = readHeaders(message);
  const envelope = headers?.get(FRAME_HEADER) ?? "";
  const damaged = (reason: string) => {
    const replyTo = readReplyTo(envelope);
    const { events, loggedAtMs } = facts;
    const receivedAtMs = Math.floor(loggedAtMs);
    const frameId = frameIdOf(headers, facts);
    return { damaged: { frameId, events, receivedAtMs, reason, content }, ...(replyTo ? { replyTo } : {}) };
  };
  try {
    const frame = decodeFrame(envelope, content);
    const found = countEvents(frame);
    if (found === facts.events) return { frame, loggedAtMs: facts.loggedAtMs };
    // The books count queued events by subject, so the same number must leave the queue.
    return damaged(`damaged frame: its subject counts ${facts.events} events, its header ${found}`);
  } catch (error) {
    if (error instanceof NewerFrameFormat) return { error };
    if (error instanceof InvalidInput) return damaged(error.message);
    throw error;
  }
}

/** Returns undefined when the client cannot read them: it refuses a carriage return in a value, which the broker accepts. */
function readHeaders(message: Msg): MsgHdrs | undefined {
  try {
    return message.headers;
  } catch {
    return undefined;
  }
}

/**
 * Returns the id that the message was published with, or an id made from its origin, so that the ledger recognises its
 * next delivery.
 */
export function frameIdOf(headers: MsgHdrs | undefined, { origin }: Pick<MessageFacts, "origin">): string {
  const messageId = headers?.get(MESSAGE_ID_HEADER) ?? "";
  return isFrameId(messageId) ? messageId : uuidOf(`${origin.generation} ${origin.sequence}`);
}

/** Returns a UUID of version 8, made from a name by SHA-256 (RFC 9562, appendix B.2). */
function uuidOf(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}
