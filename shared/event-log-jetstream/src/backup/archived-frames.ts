import { type JetStreamManager, jetstream, jetstreamManager, type StoredMsg } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import type { SequenceRange } from "@tidemark/domain/origin";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { JetstreamConnection } from "../connection.ts";
import { isAbsent, isApiError, isNoMessage, isUndecided, STREAM_NOT_FOUND, unreachable } from "../errors.ts";
import { frameIdOf } from "../message.ts";
import { MESSAGE_ID_HEADER } from "../publisher.ts";
import { readStreamSnapshot } from "../snapshot.ts";
import { ensureStreamExists, eventsOfSubject, subjectPrefix } from "../stream.ts";

/** A message of the log with everything that another log needs to deliver it. */
export interface ArchivedFrame {
  /** The key of its row in the ledger, which may not exist yet. */
  frame_id: string;
  generation: string;
  sequence: number;
  subject: string;
  events: number;
  headers: [name: string, value: string][];
  /** Base64. */
  data: string;
}

const STREAM = "TIDEMARK";
const MAX_GAPS_LISTED = 100_000;
const FRAMES_AT_ONCE = 256;
const BYTES_AT_ONCE = 16 * 1024 * 1024;
/** These are headers of the answer, not of the message. */
const ADDED_BY_SERVER = /^Nats-(Stream|Sequence|Time-Stamp|Subject|Num-Pending|Last-Sequence|UpTo-Sequence)$/;

/** Reads what the log holds; undefined if there is no stream. @throws {Unavailable} `log_unreachable` */
export async function readLog(connection: JetstreamConnection): Promise<LogSnapshot | undefined> {
  try {
    return await readStreamSnapshot(await managerOf(connection), STREAM, { maxGapsListed: MAX_GAPS_LISTED });
  } catch (error) {
    if (isApiError(error, [STREAM_NOT_FOUND])) return undefined;
    throw error;
  }
}

/**
 * Reads the frames that the log held at a snapshot, without taking them from the consumers. A frame that was
 * acknowledged since is omitted, because it is committed.
 *
 * @throws {Unavailable} `log_unreachable` if the leader of the log does not answer
 */
export async function* readFrames(connection: JetstreamConnection, log: LogSnapshot): AsyncGenerator<ArchivedFrame> {
  const messages = readMessages(await managerOf(connection), log.lastSequence);
  for await (const message of messages) yield toArchived(message, log.generation);
}

/**
 * Reads batches, which any replica answers, also one that lacks the newest frames or all of them. The leader lacks none, so
 * it is asked about every gap.
 */
async function* readMessages(manager: JetStreamManager, lastSequence: number): AsyncGenerator<StoredMsg> {
  for (let next = 1; next <= lastSequence; ) {
    const batch = (await readBatch(manager, next)).filter(({ seq }) => seq <= lastSequence);
    for (const message of batch) {
      yield* readGap(manager, { first: next, last: message.seq - 1 });
      yield message;
      next = message.seq + 1;
    }
    if (batch.length > 0) continue;
    yield* readGap(manager, { first: next, last: lastSequence });
    return;
  }
}

async function readBatch(manager: JetStreamManager, seq: number): Promise<StoredMsg[]> {
  const messages: StoredMsg[] = [];
  try {
    const found = await manager.direct.getBatch(STREAM, { seq, batch: FRAMES_AT_ONCE, max_bytes: BYTES_AT_ONCE });
    for await (const message of found) messages.push(message);
  } catch (error) {
    if (!isNoMessage(error)) throw error;
  }
  return messages;
}

/** Reads what the leader has of a range, with one request for each message and one for the end. */
async function* readGap(manager: JetStreamManager, { first, last }: SequenceRange): AsyncGenerator<StoredMsg> {
  for (let next = first; next <= last; ) {
    const message = await readNextFromLeader(manager, next);
    if (message === null || message.seq > last) return;
    yield message;
    next = message.seq + 1;
  }
}

async function readNextFromLeader(manager: JetStreamManager, seq: number): Promise<StoredMsg | null> {
  try {
    const query = { seq, next_by_subj: ">" }; // which the type of the client lacks
    return await manager.streams.getMessage(STREAM, query);
  } catch (error) {
    if (!isAbsent(error) && !isUndecided(error)) throw error;
    throw unreachable("the leader of the log does not answer", error);
  }
}

function toArchived(message: StoredMsg, generation: string): ArchivedFrame {
  const { seq: sequence, subject, data } = message;
  const names = message.header.keys().filter((name) => !ADDED_BY_SERVER.test(name));
  return {
    frame_id: frameIdOf(message.header, { origin: { generation, sequence } }),
    generation,
    sequence,
    subject,
    events: eventsOfSubject(subject),
    headers: names.flatMap((name) => message.header.values(name).map((value): [string, string] => [name, value])),
    data: Buffer.from(data).toString("base64"),
  };
}

/** The settings of a log that is created because it is missing. */
export interface NewLog {
  maxBytes: number;
  replicas: number;
}

/** Creates the stream if it is missing, and returns its content. */
export async function prepareLog(connection: JetstreamConnection, newLog: NewLog): Promise<LogSnapshot> {
  const settings = { stream: STREAM, consumer: "consumer", ackWaitMs: 20_000, ...newLog };
  await ensureStreamExists(await managerOf(connection), settings);
  const log = await readLog(connection);
  if (log === undefined) throw new Error("the stream was deleted while it was read");
  return log;
}

/** Appends a frame to the log again. Consumers recognise it by its id. */
export async function appendArchived(connection: JetstreamConnection, frame: ArchivedFrame): Promise<void> {
  if (!frame.subject.startsWith(`${subjectPrefix(STREAM)}.`))
    throw new Error(`${frame.subject} is not the subject of a frame`);
  const given = headers();
  for (const [name, value] of frame.headers) if (name !== MESSAGE_ID_HEADER) given.append(name, value);
  await jetstream(connection.nats).publish(frame.subject, Buffer.from(frame.data, "base64"), {
    headers: given,
    msgID: frame.frame_id,
    expect: { streamName: STREAM },
  });
}

function managerOf({ nats }: JetstreamConnection): Promise<JetStreamManager> {
  return jetstreamManager(nats, { checkAPI: false });
}
