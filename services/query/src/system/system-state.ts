import type { DiskSpace } from "@tidemark/domain/disk-space";
import { type Durability, mergeDurability, SAFE } from "@tidemark/domain/durability";
import { Unavailable } from "@tidemark/domain/errors";
import { ConsumerHeartbeats } from "@tidemark/event-log/consumer-heartbeats";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { GatewayHeartbeats } from "@tidemark/event-log/gateway-heartbeats";
import type { Signals } from "@tidemark/event-log/signals";
import type { StoreUsage, UsageReader } from "@tidemark/event-store/usage";
import { coalesce } from "@tidemark/runtime/coalesce";
import { within } from "@tidemark/runtime/health";
import { type BooksSources, readBooks, type WholeBooks } from "../books/books.ts";

const LOG_TIMEOUT_MS = 2_000;
const READ_TIMEOUT_MS = 3_000;

/** The whole system as one process sees it at one moment. */
export interface SystemState {
  /** Absent if the log did not answer. */
  log?: LogSnapshot;
  /** The error if the store did not answer. */
  books: WholeBooks | Unavailable;
  /** Absent if the store did not answer. */
  usage?: StoreUsage;
  /** The room of the log on its server. Absent if it is not known. */
  logDisk?: DiskSpace;
  consumers: ConsumerHeartbeats;
  gateways: GatewayHeartbeats;
  /** Whether confirmed events survive a loss of power, in the log and in the store. */
  durability: Durability;
}

export interface SystemStateOptions {
  sources: BooksSources;
  /** Called with the books whenever they are read. */
  onBooks: (books: WholeBooks) => void;
  signals: Pick<Signals, "onHeartbeat">;
  gateways: GatewayHeartbeats;
  store: UsageReader;
  /** Absent for the log in memory. */
  logDurability?: () => Durability;
  /** Reads the room of the log on its server. Absent if that cannot be known. */
  readLogDisk?: () => Promise<DiskSpace | undefined>;
}

/**
 * Creates a function that reads the state of the system. It does not throw when a part is down, and it answers in time.
 * Calls at the same time share one read.
 */
export function createSystemState({
  sources,
  onBooks,
  signals,
  gateways,
  store,
  logDurability = () => SAFE,
  readLogDisk = async () => undefined,
}: SystemStateOptions): () => Promise<SystemState> {
  const consumers = new ConsumerHeartbeats(signals);
  const read = coalesce(async (_key: "all") => {
    let log: LogSnapshot | undefined;
    const readLogSnapshot = async () => {
      log = await within(LOG_TIMEOUT_MS, sources.readLogSnapshot());
      return log;
    };
    const [books, usage, logDisk] = await Promise.all([
      orUnavailable(readBooks({ ...sources, readLogSnapshot }, { maxTopics: 0 })),
      orUnavailable(store.readUsage()),
      orUnavailable(readLogDisk()),
    ]);
    if (!(books instanceof Unavailable)) onBooks(books);
    return {
      books,
      ...(log && { log }),
      ...(!(usage instanceof Unavailable) && { usage }),
      ...(logDisk && !(logDisk instanceof Unavailable) && { logDisk }),
    };
  });
  return async () => ({
    ...(await read("all")),
    consumers,
    gateways,
    durability: mergeDurability([logDurability(), consumers.storeDurability]),
  });
}

/** Waits for an answer. Resolves to the error if the part is down, or does not answer in time. */
async function orUnavailable<Answer>(answer: Promise<Answer>): Promise<Answer | Unavailable> {
  try {
    return await within(READ_TIMEOUT_MS, answer);
  } catch (error) {
    if (error instanceof Unavailable) return error;
    throw error;
  }
}
