import {
  AckPolicy,
  DiscardPolicy,
  type JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { MAX_FRAME_EVENTS } from "@tidemark/domain/frame";
import {
  CONSUMER_EXISTS,
  isApiError,
  NOT_UNIQUE_ON_WORK_QUEUE,
  STREAM_NAME_IN_USE,
  STREAM_NOT_FOUND,
} from "./errors.ts";

export interface StreamSettings {
  stream: string;
  /** The durable consumer's name begins with this. */
  consumer: string;
  /** Bytes of disk; a stream that exists keeps its own when this is not given. */
  maxBytes?: number;
  /** Copies in a cluster; a stream that exists keeps its own when this is not given. */
  replicas?: number;
  ackWaitMs: number;
}

/** A stream in one of its lives. */
export interface StreamGeneration {
  generation: string;
  /** The consumer of this life. Its name is part of every delivery, which therefore says which life it is from. */
  consumer: string;
}

const DEFAULT_MAX_BYTES = 1024 ** 3;
const DUPLICATE_WINDOW_MS = 120_000;
// Well above what is at hand: consumers buffer some hundred frames each.
const MAX_ACK_PENDING = 10_000;

/** Frames of a stream are published under this and their count of events. */
export function subjectPrefix(stream: string): string {
  return `${stream.toLowerCase()}.ingest`;
}

/** The count of events in a frame's subject; 0 where there is none that a frame of ours can have. */
export function eventsOfSubject(subject: string): number {
  const count = subject.slice(subject.lastIndexOf(".") + 1);
  return /^[1-9]\d{0,6}$/.test(count) && Number(count) <= MAX_FRAME_EVENTS ? Number(count) : 0;
}

/**
 * The generation of a stream: when it was made, by the server's clock, to the nanosecond. A stream that is deleted and
 * made anew has another; a restart or a new leader changes nothing.
 */
export function generationOf(info: Pick<StreamInfo, "created">): string {
  return info.created.replaceAll(/[^0-9TZ]/g, "");
}

/** The life that the consumer named in a delivery belongs to. */
export function generationOfConsumer(consumerName: string): string {
  return consumerName.slice(consumerName.lastIndexOf("-") + 1);
}

/**
 * Makes the stream and its consumer, or brings those that exist to these settings. Any number of processes may do so at
 * once.
 *
 * @throws {Error} when a stream of that name keeps its messages in another way, which cannot be changed
 */
export async function ensureStream(manager: JetStreamManager, settings: StreamSettings): Promise<StreamGeneration> {
  const info = await ensureStreamOnly(manager, settings);
  const generation = generationOf(info);
  const consumer = `${settings.consumer}-${generation}`;
  await ensureConsumer(manager, settings, consumer);
  // Made anew in between, the stream would have a consumer named after its former life.
  const after = await manager.streams.info(settings.stream);
  if (generationOf(after) === generation) return { generation, consumer };
  await manager.consumers.delete(settings.stream, consumer);
  return ensureStream(manager, settings);
}

async function ensureStreamOnly(manager: JetStreamManager, settings: StreamSettings): Promise<StreamInfo> {
  const { stream, maxBytes, replicas } = settings;
  const fixed = { retention: RetentionPolicy.Workqueue, storage: StorageType.File };
  const wanted = {
    subjects: [`${subjectPrefix(stream)}.>`],
    discard: DiscardPolicy.New,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    allow_direct: true,
    max_msg_size: -1, // a frame may be as large as the broker's max_payload
    ...(maxBytes === undefined ? {} : { max_bytes: maxBytes }),
    ...(replicas === undefined ? {} : { num_replicas: replicas }),
  };
  const existing = await findStream(manager, stream);
  if (existing === undefined) {
    try {
      return await manager.streams.add({ name: stream, max_bytes: DEFAULT_MAX_BYTES, ...fixed, ...wanted });
    } catch (error) {
      if (!isApiError(error, [STREAM_NAME_IN_USE])) throw error;
      return ensureStreamOnly(manager, settings); // somebody was faster, with other settings
    }
  }
  const { config } = existing;
  if (config.retention !== fixed.retention || config.storage !== fixed.storage) {
    throw new Error(
      `the stream ${stream} exists with retention ${config.retention} on ${config.storage}, which cannot be changed: ` +
        `it must be ${fixed.retention} on ${fixed.storage}; use another stream name, or delete it once it is empty`,
    );
  }
  return isAsWanted(config, wanted) ? existing : manager.streams.update(stream, { ...config, ...wanted });
}

async function findStream(manager: JetStreamManager, stream: string): Promise<StreamInfo | undefined> {
  try {
    return await manager.streams.info(stream);
  } catch (error) {
    if (isApiError(error, [STREAM_NOT_FOUND])) return undefined;
    throw error;
  }
}

function isAsWanted(config: StreamConfig, wanted: Partial<StreamConfig>): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => JSON.stringify(config[key as keyof StreamConfig]) === JSON.stringify(value),
  );
}

async function ensureConsumer(manager: JetStreamManager, settings: StreamSettings, name: string): Promise<void> {
  const changeable = {
    ack_wait: nanos(settings.ackWaitMs),
    // A store that is down for a day must not use up deliveries.
    max_deliver: -1,
    max_ack_pending: MAX_ACK_PENDING,
  };
  const config = { name, durable_name: name, ack_policy: AckPolicy.Explicit, ...changeable };
  try {
    await manager.consumers.add(settings.stream, config);
  } catch (error) {
    if (isApiError(error, [CONSUMER_EXISTS])) {
      await manager.consumers.update(settings.stream, name, changeable);
    } else if (isApiError(error, NOT_UNIQUE_ON_WORK_QUEUE)) {
      await deleteFormerConsumers(manager, settings, name, error);
      await manager.consumers.add(settings.stream, config);
    } else throw error;
  }
}

/** Deletes consumers of ours that bear the name of a former life; a stranger's stays, and is the error. */
async function deleteFormerConsumers(
  manager: JetStreamManager,
  { stream, consumer }: StreamSettings,
  name: string,
  error: JetStreamApiError,
): Promise<void> {
  for await (const { name: other } of manager.consumers.list(stream)) {
    if (other === name) continue;
    if (!other.startsWith(`${consumer}-`)) {
      throw new Error(`the stream ${stream} has a consumer ${other}, which is not ours`, { cause: error });
    }
    await manager.consumers.delete(stream, other);
  }
}
