import { InvalidInput } from "./errors.ts";

/**
 * A frame is what travels through the log: the events of one or several requests, together, as one message. One
 * acknowledgement, one ledger row and one synchronous write cover all of them (the record batch of Kafka, KIP-98).
 *
 * Its events are a JSON array, spliced from what the producers sent. Each event in it is an object of `topic`,
 * `event_id`, `timestamp`, `source`, and optionally `payload` (an object), `attributes` (an object: the producer's
 * further fields) and `is_timestamp_filled` (true: the producer gave no time, this one is the gateway's); no other key.
 * No producer can set the last one: whatever stands beside an event's own fields becomes an attribute. It has passed validation, its timestamp is one that PostgreSQL reads as exactly that
 * instant, and it holds nothing jsonb would refuse. Of a repeated key the last counts.
 */
export interface Frame {
  /** A UUID. A retry of the same frame carries the same id; the ledger counts it once. */
  id: string;
  /** Events of each request in the frame, in order: request boundaries. */
  requests: number[];
  /** Where the verdicts go: an address from `Signals`. */
  replyTo?: string;
  /** When the gateway took the first of its requests in, milliseconds since the epoch. */
  receivedAtMs: number;
  /** W3C trace context of the first request that had one. */
  traceparent?: string;
  /** UTF-8 text of a JSON array of events. */
  events: Buffer;
}

/** The version this code writes. Readers take any version up to it and leave newer ones alone. */
export const FRAME_FORMAT = 1;

/** How many events a frame holds. */
export function countEvents(frame: Pick<Frame, "requests">): number {
  return frame.requests.reduce((sum, count) => sum + count, 0);
}

/**
 * The frame without its events, as the value of one message header: `1;<id>;<receivedAtMs>;<requests>;<replyTo>;<traceparent>`.
 * Requests of equal size in a row are written as `size*times`, so that hundreds of single events stay short.
 */
export function encodeEnvelope(frame: Frame): string {
  const requests = encodeRequests(frame.requests);
  return [FRAME_FORMAT, frame.id, frame.receivedAtMs, requests, frame.replyTo ?? "", frame.traceparent ?? ""].join(";");
}

function encodeRequests(requests: number[]): string {
  const runs: string[] = [];
  for (let index = 0; index < requests.length; ) {
    const size = requests[index];
    let times = 1;
    while (requests[index + times] === size) times++;
    runs.push(times === 1 ? String(size) : `${size}*${times}`);
    index += times;
  }
  return runs.join(",");
}

/** A frame of a format version that this code does not know: to be left for a newer reader. */
export class NewerFrameFormat extends Error {
  override readonly name = "NewerFrameFormat";
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * What the largest `MAX_BATCH_EVENTS` allows: a larger request is no frame of a gateway. One that counts more is damaged,
 * and is not taken apart event by event, which took minutes for a million.
 */
export const MAX_FRAME_EVENTS = 100_000;

export function isFrameId(text: string): boolean {
  return UUID.test(text);
}

/**
 * Puts a frame together from its envelope and its events.
 *
 * @throws {NewerFrameFormat} when the envelope was written by a newer version
 * @throws {InvalidInput} when the envelope is damaged. The events' text is not read: the store finds out.
 */
export function decodeFrame(envelope: string, events: Buffer): Frame {
  const [version = "", id = "", receivedAt = "", requests = "", replyTo, traceparent] = envelope.split(";");
  if (/^\d+$/.test(version) && Number(version) > FRAME_FORMAT) {
    throw new NewerFrameFormat(`frame format ${version} is newer than ${FRAME_FORMAT}`);
  }
  if (version !== String(FRAME_FORMAT)) throw damaged("format version", version);
  if (!isFrameId(id)) throw damaged("id", id);
  if (!/^\d{1,14}$/.test(receivedAt)) throw damaged("receipt time", receivedAt);
  return {
    id,
    requests: decodeRequests(requests),
    receivedAtMs: Number(receivedAt),
    ...(replyTo ? { replyTo } : {}),
    ...(traceparent ? { traceparent } : {}),
    events,
  };
}

/** Where the verdicts of a frame go whose envelope is damaged in another place. */
export function readReplyTo(envelope: string): string | undefined {
  const [version, , , , replyTo] = envelope.split(";");
  return version === String(FRAME_FORMAT) && replyTo ? replyTo : undefined;
}

function decodeRequests(text: string): number[] {
  const requests: number[] = [];
  let total = 0;
  for (const run of text.split(",")) {
    const match = /^([1-9]\d{0,6})(?:\*([1-9]\d{0,6}))?$/.exec(run);
    if (match === null) throw damaged("request sizes", text);
    const size = Number(match[1]);
    const times = Number(match[2] ?? 1);
    total += size * times;
    if (total > MAX_FRAME_EVENTS) throw damaged("request sizes", text);
    for (let time = 0; time < times; time++) requests.push(size);
  }
  return requests;
}

function damaged(part: string, value: string): InvalidInput {
  const detail = `damaged frame: ${part} is ${JSON.stringify(value.slice(0, 100))}`;
  return new InvalidInput({ code: "invalid_event", status: 422, detail });
}
