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
  /** The disk space in bytes. Without it an existing stream keeps its own. */
  maxBytes?: number;
  /** The number of replicas in a cluster. Without it an existing stream keeps its own. */
  replicas?: number;
  ackWaitMs: number;
}

/** One generation of a stream. A stream that is deleted and created again has a new generation. */
export interface StreamGeneration {
  generation: string;
  /** The consumer of this generation. Its name is part of every delivery, which therefore states its generation. */
  consumer: string;
}

const DEFAULT_MAX_BYTES = 1024 ** 3;
const DUPLICATE_WINDOW_MS = 120_000;
// This is far more than are ever in flight, because each consumer buffers some hundred frames.
const MAX_ACK_PENDING = 10_000;

/** Returns the subject under which frames are published, without the last word, which is their number of events. */
export function subjectPrefix(stream: string): string {
  return `${stream.toLowerCase()}.ingest`;
}

/** Reads the number of events from a subject. Returns 0 when no frame can have that number. */
export function eventsOfSubject(subject: string): number {
  const count = subject.slice(subject.lastIndexOf(".") + 1);
  return /^[1-9]\d{0,6}$/.test(count) && Number(count) <= MAX_FRAME_EVENTS ? Number(count) : 0;
}

/**
 * Returns the generation of a stream: the time at which the server created it, to the nanosecond. A stream that is
 * deleted and created again has a new generation. A restart of the broker or a new leader does not change it.
 */
export function generationOf(info: Pick<StreamInfo, "created">): string {
  return info.created.replaceAll(/[^0-9TZ]/g, "");
}

/** Returns the generation of the consumer that a delivery names. */
export function generationOfConsumer(consumerName: string): string {
  return consumerName.slice(consumerName.lastIndexOf("-") + 1);
}

/**
 * Creates the stream and its consumer, or changes existing ones to these settings. Several processes may do so at once.
 *
 * @throws {Error} when a stream of that name has a retention or storage that cannot be changed
 */
export async function ensureStream(manager: JetStreamManager, settings: StreamSettings): Promise<StreamGeneration> {
  const { generation, consumer } = describeGeneration(await ensureStreamOnly(manager, settings), settings);
  await ensureConsumer(manager, settings, consumer);
  // If the stream was created again in between, this consumer would have the name of the former generation.
  const after = await manager.streams.info(settings.stream);
  if (generationOf(after) === generation) return { generation, consumer };
  await manager.consumers.delete(settings.stream, consumer);
  return ensureStream(manager, settings);
}

/**
 * Creates the stream if it is missing. An existing stream stays as it is, because a gateway has no right to change it.
 */
export async function ensureStreamExists(
  manager: JetStreamManager,
  settings: StreamSettings,
): Promise<StreamGeneration> {
  const existing = await findStream(manager, settings.stream);
  if (existing !== undefined) return describeGeneration(existing, settings);
  try {
    const { fixed, wanted } = configOf(settings);
    const config = { name: settings.stream, max_bytes: DEFAULT_MAX_BYTES, ...fixed, ...wanted };
    return describeGeneration(await manager.streams.add(config), settings);
  } catch (error) {
    if (!isApiError(error, [STREAM_NAME_IN_USE])) throw error;
    return readStream(manager, settings); // another process was faster, with other settings
  }
}

/** Finds the stream. @throws {JetStreamApiError} while it is missing */
export async function readStream(manager: JetStreamManager, settings: StreamSettings): Promise<StreamGeneration> {
  return describeGeneration(await manager.streams.info(settings.stream), settings);
}

function describeGeneration(info: StreamInfo, { consumer }: StreamSettings): StreamGeneration {
  const generation = generationOf(info);
  return { generation, consumer: `${consumer}-${generation}` };
}

/** Returns the parts of the configuration that cannot be changed later, and those that can. */
function configOf({ stream, maxBytes, replicas }: StreamSettings) {
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
  return { fixed, wanted };
}

async function ensureStreamOnly(manager: JetStreamManager, settings: StreamSettings): Promise<StreamInfo> {
  const { stream } = settings;
  const { fixed, wanted } = configOf(settings);
  const existing = await findStream(manager, stream);
  if (existing === undefined) {
    try {
      return await manager.streams.add({ name: stream, max_bytes: DEFAULT_MAX_BYTES, ...fixed, ...wanted });
    } catch (error) {
      if (!isApiError(error, [STREAM_NAME_IN_USE])) throw error;
      return ensureStreamOnly(manager, settings); // another process was faster, with other settings
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
    // Deliveries are not limited, because a store may be down for a day.
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

/** Deletes the consumers of former generations. Any other consumer is an error and is not deleted. */
async function deleteFormerConsumers(
  manager: JetStreamManager,
  { stream, consumer }: StreamSettings,
  name: string,
  error: JetStreamApiError,
): Promise<void> {
  for await (const { name: other } of manager.consumers.list(stream)) {
    if (other === name) continue;
    if (!other.startsWith(`${consumer}-`)) {
      throw new Error(`the stream ${stream} has a consumer ${other}, which does not belong to Tidemark`, {
        cause: error,
      });
    }
    await manager.consumers.delete(stream, other);
  }
}
