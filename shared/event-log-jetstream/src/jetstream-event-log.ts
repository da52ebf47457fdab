import { setTimeout as delay } from "node:timers/promises";
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import type { EventLog } from "@tidemark/event-log/event-log";
import type { Logger } from "@tidemark/telemetry/logger";
import type { JetstreamConnection } from "./connection.ts";
import { isAbsent, isUndecided, reasonToWait, unreachable } from "./errors.ts";
import { createPublisher } from "./publisher.ts";
import { Puller } from "./puller.ts";
import { readStreamSnapshot } from "./snapshot.ts";
import { ensureStream, ensureStreamExists, generationOf, readStream, type StreamGeneration } from "./stream.ts";

/**
 * The use that a process makes of the log, which decides the rights that its credentials need (deploy/nats/users.conf).
 * `take` creates and changes the stream and its consumer, `append` creates a missing stream, and `read` waits for the
 * stream.
 */
export type LogAccess = "take" | "append" | "read";

export interface JetstreamEventLogOptions {
  connection: JetstreamConnection;
  /** Default: `take`, which includes the others. */
  access?: LogAccess;
  /** Default: `TIDEMARK`. The subjects are this name in lower case, then `.ingest.<number of events>`. */
  stream?: string;
  /** The durable consumer's name is this and the generation of the log. */
  consumer?: string;
  /** The disk space that the stream may use; the server must have it. Default: 1 GiB for a new stream, no change for an existing one. */
  maxBytes?: number;
  /** Replicas in a cluster. Default: 1 for a new stream, no change for an existing one. */
  replicas?: number;
  /**
   * The time after which a frame is delivered again when its consumer has died. A live consumer extends it while it
   * works on the frame.
   */
  ackWaitMs?: number;
  /**
   * The number of missing sequences that a snapshot may list. Each frame that leaves before an earlier frame is a
   * missing sequence. Default: 100,000, which take 0.8 MB of the server's answer. Deliveries in flight never make that
   * many.
   */
  maxGapsListed?: number;
  /** Runs when the stream exists, before the log counts as open. If it rejects, so does `opened`. */
  beforeOpen?: () => Promise<void>;
  logger: Logger;
}

export interface JetstreamEventLog extends EventLog {
  /**
   * Resolves when the log is open. Rejects when waiting cannot help: the server refuses the credentials, the stream
   * exists with settings that do not fit and cannot be changed, its size does not fit the server, or it needs a cluster
   * and the server belongs to none. Left unhandled, the rejection ends the process. Stays pending when the log is closed
   * first.
   */
  readonly opened: Promise<void>;
}

const ENSURE = { take: ensureStream, append: ensureStreamExists, read: readStream };
/**
 * Removes the limit on the size of messages. If an operator set one, it would refuse frames, and gateways have no right
 * to remove it.
 */
const REPAIR_MS = 10_000;
const ENSURE_WAIT_MS = 500;
const MAX_ENSURE_WAIT_MS = 5_000;

/**
 * The log in NATS JetStream: a work queue on disk that keeps one frame a message and refuses frames when it is full. It
 * survives restarts of the broker, and creates the stream again if it was deleted.
 *
 * Returns at once and opens in the background, waiting for a broker that is not ready yet or whose disk is full, and
 * for the brokers that its replicas need. Until then `take` waits, and every other method throws `log_unreachable`, as it
 * does while the connection is lost.
 *
 * A frame appended again within two minutes is stored once, unless it has left the log and the broker was restarted since.
 * Otherwise it may be delivered twice; the store's ledger recognises it.
 */
export function createJetstreamEventLog({
  connection,
  access = "take",
  stream = "TIDEMARK",
  consumer = "consumer",
  maxBytes,
  replicas,
  ackWaitMs = 20_000,
  maxGapsListed = 100_000,
  beforeOpen = async () => {},
  logger,
}: JetstreamEventLogOptions): JetstreamEventLog {
  const settings = {
    stream,
    consumer,
    ackWaitMs,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(replicas === undefined ? {} : { replicas }),
  };
  const closing = Promise.withResolvers<void>();
  let isClosed = false;
  let isOpen = false;
  /**
   * The generation in the last answer about the stream. A frame that is appended later is in this generation or in a
   * later one.
   */
  let generation = "";
  let ensuring: Promise<StreamGeneration | undefined> | undefined;
  let pulling: Promise<void> | undefined;
  let repairing: NodeJS.Timeout | undefined;

  const manager = (): Promise<JetStreamManager> => jetstreamManager(connection.nats, { checkAPI: false });

  /** Returns undefined when the log is closed first. */
  async function ensureWhenReady(): Promise<StreamGeneration | undefined> {
    let reported = "";
    for (let tries = 1; !isClosed && !connection.isClosed; tries++) {
      try {
        const ensured = await ENSURE[access](await manager(), settings);
        generation = ensured.generation;
        return ensured;
      } catch (error) {
        const reason = reasonToWait(error);
        if (reason !== reported) logger.warn({ err: error, stream }, reason);
        reported = reason;
        await Promise.race([connection.lost(), delay(Math.min(tries * ENSURE_WAIT_MS, MAX_ENSURE_WAIT_MS))]);
        await Promise.race([connection.connected(), delay(ENSURE_WAIT_MS)]);
      }
    }
    return undefined;
  }

  function ensureGeneration(): Promise<StreamGeneration | undefined> {
    ensuring ??= ensureWhenReady().finally(() => {
      ensuring = undefined;
    });
    return ensuring;
  }

  async function open(): Promise<StreamGeneration> {
    await connection.opened;
    const ensured = await ensureGeneration();
    if (ensured !== undefined) await beforeOpen();
    if (ensured === undefined || isClosed) return new Promise(() => {});
    isOpen = true;
    logger.info({ stream, generation: ensured.generation }, "log open");
    return ensured;
  }

  function assertOpen(): void {
    if (!isOpen) throw unreachable("the log is not open yet");
  }

  async function ask<Answer>(question: (manager: JetStreamManager) => Promise<Answer>): Promise<Answer> {
    assertOpen();
    if (!connection.isConnected) throw unreachable("the log is not reachable");
    try {
      return await connection.untilLost(question(await manager()));
    } catch (error) {
      if (isAbsent(error) || isUndecided(error)) throw unreachable("the log does not answer", error);
      throw error;
    }
  }

  function repair(): void {
    void ensureGeneration().catch((error) => logger.error({ err: error, stream }, "could not create the stream again"));
  }

  const publisher = createPublisher({
    connection,
    stream,
    onAbsent: (cause) => {
      if (ensuring === undefined)
        logger.warn({ err: cause, stream }, "the stream is missing or was changed, creating it again");
      repair();
    },
  });
  const puller = new Puller({ connection, stream, ackWaitMs, ensureGeneration, logger });
  const opening = open();

  /**
   * Pulling begins with the first `take`. A gateway never takes, and deliveries to it would be withheld from the
   * consumers.
   */
  async function startPulling(): Promise<void> {
    const opened = await Promise.race([opening, closing.promise]);
    if (opened === undefined || isClosed) return;
    puller.start(opened);
    repairing = setInterval(() => connection.isConnected && repair(), REPAIR_MS);
  }

  return {
    opened: opening.then(() => undefined),

    get maxFrameBytes() {
      return publisher.maxFrameBytes;
    },

    async append(frame) {
      assertOpen();
      const known = generation;
      await publisher.append(frame);
      return { generation: known };
    },

    async take(limits) {
      pulling ??= startPulling();
      await pulling;
      return puller.take(limits);
    },

    snapshot: () => ask((manager) => readStreamSnapshot(manager, stream, { maxGapsListed })),

    ping: () =>
      ask(async (manager) => {
        generation = generationOf(await manager.streams.info(stream));
      }),

    async close() {
      isClosed = true;
      closing.resolve();
      clearInterval(repairing);
      await puller.close();
    },
  };
}
