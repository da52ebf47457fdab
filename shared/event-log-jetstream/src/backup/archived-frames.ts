import { type JetStreamManager, jetstream, jetstreamManager, type StoredMsg } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { JetstreamConnection } from "../connection.ts";
import { isApiError, isNoMessage, STREAM_NOT_FOUND } from "../errors.ts";
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
 */
export async function* readFrames(connection: JetstreamConnection, log: LogSnapshot): AsyncGenerator<ArchivedFrame> {
  const manager = await managerOf(connection);
  let next = 1;
  while (next <= log.lastSequence) {
    const batch = await readBatch(manager, next);
    for (const message of batch) {
      if (message.seq > log.lastSequence) return;
      yield toArchived(message, log.generation);
      next = message.seq + 1;
    }
    if (batch.length === 0) return;
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

/** Creates the stream if it is missing, and returns its content. */
export async function prepareLog(
  connection: JetstreamConnection,
  { maxBytes }: { maxBytes: number },
): Promise<LogSnapshot> {
  const settings = { stream: STREAM, consumer: "consumer", ackWaitMs: 20_000, maxBytes };
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
