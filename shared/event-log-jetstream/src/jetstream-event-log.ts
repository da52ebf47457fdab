import { setTimeout as delay } from "node:timers/promises";
import { jetstreamManager } from "@nats-io/jetstream";
import type { EventLog } from "@tidemark/event-log/event-log";
import type { Logger } from "@tidemark/telemetry/logger";
import type { JetstreamConnection } from "./connection.ts";
import { isAbsent, isNotMadeYet, isOversized, isUndecided, unreachable } from "./errors.ts";
import { createPublisher } from "./publisher.ts";
import { createPuller } from "./puller.ts";
import { lookIntoStream } from "./snapshot.ts";
import { ensureStream, type StreamLife } from "./stream.ts";

export interface JetstreamEventLogOptions {
  connection: JetstreamConnection;
  /** Default: `TIDEMARK`. Its subjects are its name in small letters, then `.ingest.<count of events>`. */
  stream?: string;
  /** What the name of the durable consumer begins with; the life of the stream follows. */
  consumer?: string;
  /** Disk the stream may use; must be there. Default: 1 GiB for a new stream, what it has for one that exists. */
  maxBytes?: number;
  /** Copies in a cluster. Default: 1 for a new stream, what it has for one that exists. */
  replicas?: number;
  /** How long after its taker is gone a delivery is made again; one that is at hand is extended. */
  ackWaitMs?: number;
  /**
   * How many sequences that are gone a look lists; behind a frame that stays, each that passes it is one. Default:
   * 100,000, which the server spells out in 0.8 MB. Deliveries on their way never make that many.
   */
  maxGapsListed?: number;
  log: Logger;
}

const ENSURE_WAIT_MS = 500;
const MAX_ENSURE_WAIT_MS = 5_000;
const NO_ROOM =
  "nats-server has no room for a log of this size: lower LOG_MAX_BYTES, or raise max_file_store of the server, or " +
  "max_file of the account";

/**
 * The log in NATS JetStream: a work queue on disk, a frame a message, refusing when it is full. Waits for a broker that
 * is not ready yet or whose disk is full; survives its restarts, and a stream that is deleted is made anew.
 *
 * A frame appended again within two minutes is stored once; after that it may be delivered twice, which the store's
 * ledger knows.
 *
 * @throws {Error} when the stream exists with settings that do not fit and cannot be changed, or does not fit the server
 */
export async function openJetstreamEventLog({
  connection,
  stream = "TIDEMARK",
  consumer = "consumer",
  maxBytes,
  replicas,
  ackWaitMs = 20_000,
  maxGapsListed = 100_000,
  log,
}: JetstreamEventLogOptions): Promise<EventLog> {
  const manager = await jetstreamManager(connection.nats, { checkAPI: false });
  const settings = {
    stream,
    consumer,
    ackWaitMs,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(replicas === undefined ? {} : { replicas }),
  };
  let isClosed = false;
  let ensuring: Promise<StreamLife | undefined> | undefined;

  /** Undefined when the log is closed first. */
  async function ensureAtLast(): Promise<StreamLife | undefined> {
    for (let tries = 1; !isClosed && !connection.nats.isClosed(); tries++) {
      try {
        return await ensureStream(manager, settings);
      } catch (error) {
        if (isOversized(error)) throw new Error(NO_ROOM, { cause: error });
        if (!isNotMadeYet(error)) throw error;
        if (tries === 1) log.warn({ err: error, stream }, "waiting for the log");
        await Promise.race([connection.lost(), delay(Math.min(tries * ENSURE_WAIT_MS, MAX_ENSURE_WAIT_MS))]);
        await Promise.race([connection.connected(), delay(ENSURE_WAIT_MS)]);
      }
    }
    return undefined;
  }

  function ensureLife(): Promise<StreamLife | undefined> {
    ensuring ??= ensureAtLast().finally(() => {
      ensuring = undefined;
    });
    return ensuring;
  }

  async function ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    if (!connection.isConnected) throw unreachable("the log is not reachable");
    try {
      return await connection.untilLost(question());
    } catch (error) {
      if (isAbsent(error) || isUndecided(error)) throw unreachable("the log does not answer", error);
      throw error;
    }
  }

  const publisher = createPublisher({
    connection,
    stream,
    onAbsent: (cause) => {
      if (ensuring === undefined)
        log.warn({ err: cause, stream }, "the stream is gone or was changed: making it so again");
      void ensureLife().catch((error) => log.error({ err: error, stream }, "could not make the log anew"));
    },
  });
  const puller = createPuller({ connection, stream, ackWaitMs, ensureLife, log });
  const life = await ensureLife();
  if (life === undefined) throw unreachable("the connection was closed before the log was ready");
  log.info({ stream, incarnation: life.incarnation }, "log open");
  let isPulling = false;

  return {
    get maxFrameBytes() {
      return publisher.maxFrameBytes;
    },

    append: (frame) => publisher.append(frame),

    async take(limits) {
      // A gateway never takes, and must keep nothing from those who do.
      if (!isPulling && !isClosed) puller.start(life);
      isPulling = true;
      return puller.take(limits);
    },

    look: () => ask(() => lookIntoStream(manager, stream, { maxGapsListed })),

    ping: () => ask(async () => void (await manager.streams.info(stream))),

    async close() {
      isClosed = true;
      await puller.close();
    },
  };
}
