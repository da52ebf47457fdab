import { InvalidInput } from "./errors.ts";
import { decodeContexts, encodeContexts, type RequestContext } from "./request-context.ts";

/**
 * The unit that travels through the log: the events of one or several requests in one message. One acknowledgement, one
 * ledger row and one synchronous write cover all of them (as for the record batch of Kafka, KIP-98).
 *
 * The events are a JSON array of the texts that the producers sent. Each event is an object of `topic`, `event_id`,
 * `timestamp`, `source`, and optionally `payload` (an object), `attributes` (an object: the producer's other fields) and
 * `is_timestamp_filled` (true: the producer gave no time, and the timestamp is the time of receipt). There is no other key.
 * A producer cannot set `is_timestamp_filled`, because every field beside an event's own becomes an attribute.
 *
 * Each event has passed validation. PostgreSQL reads its timestamp as exactly that instant, and jsonb accepts all of its
 * text. If a key is repeated the last one counts.
 */
export interface Frame {
  /** A UUID. A retry of the same frame carries the same id; the ledger counts it once. */
  id: string;
  /** The number of events of each request, in the order of the requests. */
  requests: number[];
  /** The address of `Signals` that the verdicts are sent to. */
  replyTo?: string;
  /** The time at which the gateway received the first request, milliseconds since the epoch. */
  receivedAtMs: number;
  /** The names of some of its requests, for logs and traces; `MAX_FRAME_CONTEXTS` at most, by ascending request. */
  contexts?: RequestContext[];
  /** UTF-8 text of a JSON array of events. */
  events: Buffer;
}

/** The version that this code writes. Readers accept any version up to it and leave newer ones in the log. */
export const FRAME_FORMAT = 1;

/** Counts the events of a frame. */
export function countEvents(frame: Pick<Frame, "requests">): number {
  return frame.requests.reduce((sum, count) => sum + count, 0);
}

/**
 * Writes a frame without its events as one message header: `1;<id>;<receivedAtMs>;<requests>;<replyTo>;<contexts>`.
 * Requests of equal size in a row are written as `size*times`, so that hundreds of single events need few bytes.
 */
export function encodeFrameHeader(frame: Frame): string {
  const requests = encodeRequests(frame.requests);
  const contexts = encodeContexts(frame.contexts);
  return [FRAME_FORMAT, frame.id, frame.receivedAtMs, requests, frame.replyTo ?? "", contexts].join(";");
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

/** A frame has a format version that this code does not know. It must be left for a newer reader. */
export class NewerFrameFormat extends Error {
  override readonly name = "NewerFrameFormat";
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The largest value of `MAX_BATCH_EVENTS`, which no frame of a gateway exceeds. A header with more events is damaged.
 * Such a frame is not split into events, because splitting a million events took minutes.
 */
export const MAX_FRAME_EVENTS = 100_000;

export function isFrameId(text: string): boolean {
  return UUID.test(text);
}

/**
 * Reads a frame from its header and its events.
 *
 * @throws {NewerFrameFormat} when a newer version wrote the header
 * @throws {InvalidInput} when the header is damaged. The text of the events is not read; the store checks it.
 */
export function decodeFrame(header: string, events: Buffer): Frame {
  const [version = "", id = "", receivedAt = "", requests = "", replyTo, contexts = ""] = header.split(";");
  if (/^\d+$/.test(version) && Number(version) > FRAME_FORMAT) {
    throw new NewerFrameFormat(`frame format ${version} is newer than ${FRAME_FORMAT}`);
  }
  if (version !== String(FRAME_FORMAT)) throw damaged("format version", version);
  if (!isFrameId(id)) throw damaged("id", id);
  if (!/^\d{1,14}$/.test(receivedAt)) throw damaged("receipt time", receivedAt);
  const sizes = decodeRequests(requests);
  const known = contexts === "" ? [] : decodeContexts(contexts, sizes.length);
  return {
    id,
    requests: sizes,
    receivedAtMs: Number(receivedAt),
    ...(replyTo ? { replyTo } : {}),
    ...(known.length > 0 ? { contexts: known } : {}),
    events,
  };
}

/** Reads the address for the verdicts from a header that is damaged in another place. */
export function readReplyTo(header: string): string | undefined {
  const [version, , , , replyTo] = header.split(";");
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
