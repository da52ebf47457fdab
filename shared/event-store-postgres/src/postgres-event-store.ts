import type { Durability } from "@tidemark/domain/durability";
import type { Audit, Auditor } from "@tidemark/event-store/audit";
import type {
  Books,
  BooksQuery,
  SelectedBooks,
  TopicBooksQuery,
  TopicListQuery,
  TopicPage,
} from "@tidemark/event-store/books";
import type {
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterStore,
  Redriven,
  UnreadableFrame,
} from "@tidemark/event-store/dead-letters";
import type { DuplicatePage, DuplicateQuery, DuplicateReader } from "@tidemark/event-store/duplicates";
import { type Eraser, type ExpirePayloads, type ExpiryStep, eraseDeadLetters } from "@tidemark/event-store/erasure";
import type {
  Applied,
  AppliedDelivery,
  EventPage,
  EventQuery,
  EventStore,
  LedgerEntry,
  StoredEvent,
} from "@tidemark/event-store/event-store";
import type { History, HistoryQuery } from "@tidemark/event-store/history";
import type { PruneDuplicates, PruneFrames, PruneHistory, Pruner, PruneStep } from "@tidemark/event-store/pruning";
import type {
  Acknowledged,
  Acknowledgement,
  NewSubscription,
  Subscription,
  SubscriptionLag,
  SubscriptionStore,
} from "@tidemark/event-store/subscriptions";
import type { StoreUsage, UsageReader } from "@tidemark/event-store/usage";
import type { Logger } from "@tidemark/telemetry/logger";
import { type Kysely, sql } from "kysely";
import { BatchSplitter } from "./apply/batch-splitter.ts";
import { deadLetterFrame } from "./apply/dead-letter.ts";
import { type DeduplicateOptions, prepareWriter } from "./apply/prepare-writer.ts";
import { openReader } from "./connection/reader.ts";
import { Writers } from "./connection/writers.ts";
import { auditPostgres } from "./maintain/audit.ts";
import { readPostgresDurability } from "./maintain/durability.ts";
import { eraseEvent, expirePayloads } from "./maintain/erase.ts";
import { pruneDuplicates, pruneFrames, pruneHistory } from "./maintain/prune.ts";
import { recordStart } from "./maintain/record-start.ts";
import { deleteDeadLetter, redrive } from "./maintain/redrive.ts";
import { readBooks } from "./read/books.ts";
import { findDeadLetterTopic, listDeadLetters } from "./read/dead-letters.ts";
import { listDuplicates } from "./read/duplicates.ts";
import { findEvent, listEvents, readTip } from "./read/events.ts";
import { readHistory } from "./read/history.ts";
import { findFrame } from "./read/ledger.ts";
import { readTopicBooks } from "./read/topic-books.ts";
import { listTopics } from "./read/topics.ts";
import { readUsage } from "./read/usage.ts";
import { migratePostgres } from "./schema/migrate-postgres.ts";
import type { Tables } from "./schema/tables.ts";
import { readLag } from "./subscriptions/lag.ts";
import {
  acknowledge,
  createSubscription,
  deleteSubscription,
  findSubscription,
  listSubscriptions,
} from "./subscriptions/subscriptions.ts";

const DEFAULT_READ_CONNECTIONS = 10;
const DEFAULT_WRITE_TIMEOUT_MS = 60_000;
// A server closes a connection within milliseconds. A frozen one never does.
const CLOSE_TIMEOUT_MS = 1_000;

type PostgresStore = EventStore &
  DeadLetterStore &
  DuplicateReader &
  SubscriptionStore &
  Auditor &
  Pruner &
  Eraser &
  UsageReader;

interface PostgresOptions extends DeduplicateOptions {
  url: string;
  logger: Logger;
  /**
   * Whether this process applies frames, and creates and updates the tables if its role owns them. With another role it
   * waits until the owner has done so. A process that only reads does neither.
   */
  migrate: boolean;
  /** The number of connections that read. Default 10. */
  maxConnections?: number;
  /** The number of connections that write, and of transactions at a time. Default 1. */
  maxWriters?: number;
  /** The time limit of a transaction. Default 60 s. */
  writeTimeoutMs?: number;
}

/**
 * Opens the store in PostgreSQL 15 or newer. With `migrate` it connects at once and brings the tables up to date, which
 * several processes may do at once. Without `migrate` it connects at the first call.
 *
 * @throws {Unavailable} `store_unreachable`, with `migrate`
 */
export async function openPostgresEventStore(options: PostgresOptions): Promise<PostgresStore> {
  const store = new PostgresEventStore(options);
  try {
    if (options.migrate) await store.migrate();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

class PostgresEventStore implements PostgresStore {
  readonly #url: string;
  readonly #logger: Logger;
  readonly #closing = new AbortController();
  readonly #reader: Kysely<Tables>;
  readonly #writers: Writers;
  readonly #splitter: BatchSplitter;

  constructor({ url, logger, maxConnections = DEFAULT_READ_CONNECTIONS, maxWriters = 1, ...limits }: PostgresOptions) {
    this.#url = url;
    this.#logger = logger;
    const options = { url, logger, signal: this.#closing.signal };
    this.#reader = openReader<Tables>({ ...options, maxConnections });
    this.#writers = new Writers({
      ...options,
      count: maxWriters,
      timeoutMs: limits.writeTimeoutMs ?? DEFAULT_WRITE_TIMEOUT_MS,
      prepare: (session) => prepareWriter(session, { ...limits, logger }),
    });
    this.#splitter = new BatchSplitter(this.#writers);
  }

  async migrate(): Promise<void> {
    await migratePostgres({ url: this.#url, logger: this.#logger, signal: this.#closing.signal });
    await this.#writers.connect();
  }

  apply(deliveries: AppliedDelivery[], options: { maxNamed: number }): Promise<Applied> {
    return this.#splitter.apply(deliveries, options);
  }

  listEvents(query: EventQuery): Promise<EventPage> {
    return listEvents(this.#reader, query);
  }

  readTip(): Promise<string> {
    return readTip(this.#reader);
  }

  findEvent(topic: string, eventId: string): Promise<StoredEvent | undefined> {
    return findEvent(this.#reader, topic, eventId);
  }

  findFrame(frameId: string): Promise<LedgerEntry | undefined> {
    return findFrame(this.#reader, frameId);
  }

  readBooks(query: BooksQuery): Promise<Books> {
    return readBooks(this.#reader, query);
  }

  readTopicBooks(query: TopicBooksQuery): Promise<SelectedBooks> {
    return readTopicBooks(this.#reader, query);
  }

  listTopics(query: TopicListQuery): Promise<TopicPage> {
    return listTopics(this.#reader, query);
  }

  readHistory(query: HistoryQuery): Promise<History> {
    return readHistory(this.#reader, query);
  }

  recordStart(service: string): Promise<void> {
    return recordStart(this.#writers, service);
  }

  listDuplicates(query: DuplicateQuery): Promise<DuplicatePage> {
    return listDuplicates(this.#reader, query);
  }

  readUsage(): Promise<StoreUsage> {
    return readUsage(this.#reader);
  }

  readDurability(): Promise<Durability> {
    return readPostgresDurability(this.#reader);
  }

  audit(): Promise<Audit> {
    return auditPostgres({ url: this.#url, signal: this.#closing.signal });
  }

  pruneDuplicates(options: PruneDuplicates): Promise<PruneStep> {
    return pruneDuplicates(this.#reader, options);
  }

  pruneFrames(options: PruneFrames): Promise<number> {
    return pruneFrames(this.#reader, options);
  }

  pruneHistory(options: PruneHistory): Promise<number> {
    return pruneHistory(this.#reader, options);
  }

  async eraseEvent(topic: string, eventId: string): Promise<boolean> {
    if (!(await eraseEvent(this.#reader, topic, eventId))) return false;
    await eraseDeadLetters(this, topic, eventId);
    return true;
  }

  expirePayloads(options: ExpirePayloads): Promise<ExpiryStep> {
    return expirePayloads(this.#reader, options);
  }

  listDeadLetters(query: DeadLetterQuery): Promise<DeadLetterPage> {
    return listDeadLetters(this.#reader, query);
  }

  findDeadLetterTopic(id: string): Promise<string | undefined> {
    return findDeadLetterTopic(this.#reader, id);
  }

  redrive(id: string): Promise<Redriven | undefined> {
    return redrive(this.#writers, id);
  }

  deleteDeadLetter(id: string): Promise<boolean> {
    return deleteDeadLetter(this.#writers, id);
  }

  deadLetterFrame(frame: UnreadableFrame): Promise<Applied> {
    return deadLetterFrame(this.#writers, frame);
  }

  createSubscription(given: NewSubscription): Promise<{ subscription: Subscription; isNew: boolean } | undefined> {
    return createSubscription(this.#reader, given);
  }

  findSubscription(name: string): Promise<Subscription | undefined> {
    return findSubscription(this.#reader, name);
  }

  listSubscriptions(): Promise<Subscription[]> {
    return listSubscriptions(this.#reader);
  }

  acknowledge(page: Acknowledgement): Promise<Acknowledged | undefined> {
    return acknowledge(this.#reader, page);
  }

  deleteSubscription(name: string): Promise<boolean> {
    return deleteSubscription(this.#reader, name);
  }

  readLag(subscription: Subscription): Promise<SubscriptionLag> {
    return readLag(this.#reader, subscription);
  }

  async ping(): Promise<void> {
    await this.#reader.selectNoFrom(sql`1`.as("one")).execute();
  }

  /**
   * Ends every connection within a second. Connections that are still busy then, or wait for a frozen server, are cut.
   */
  async close(): Promise<void> {
    setTimeout(() => this.#closing.abort(), CLOSE_TIMEOUT_MS).unref();
    try {
      await this.#writers.close();
    } finally {
      await this.#reader.destroy();
    }
  }
}
