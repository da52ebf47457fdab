import type { Durability } from "@tidemark/domain/durability";
import type { Audit, Auditor } from "@tidemark/event-store/audit";
import type {
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterStore,
  Redriven,
  UnreadableFrame,
} from "@tidemark/event-store/dead-letters";
import type { DuplicatePage, DuplicateQuery, DuplicateReader } from "@tidemark/event-store/duplicates";
import type {
  Applied,
  AppliedDelivery,
  Books,
  BooksQuery,
  EventPage,
  EventQuery,
  EventStore,
  LedgerEntry,
  StoredEvent,
} from "@tidemark/event-store/event-store";
import type { PruneDuplicates, PruneFrames, Pruner, PruneStep } from "@tidemark/event-store/pruning";
import type { Logger } from "@tidemark/telemetry/logger";
import { Kysely, PostgresDialect, sql } from "kysely";
import { applyFrames, buryFrame } from "./apply/apply.ts";
import { openReadPool, type WriteConnection, Writer } from "./connection/connections.ts";
import { isOutOfTime, translatingErrors } from "./connection/errors.ts";
import { explainingMissing } from "./connection/missing-tables.ts";
import { auditPostgres } from "./maintain/audit.ts";
import { readPostgresDurability } from "./maintain/durability.ts";
import { pruneDuplicates, pruneFrames } from "./maintain/pruning.ts";
import { deleteDeadLetter, redrive } from "./maintain/redrive.ts";
import { readBooks } from "./read/books.ts";
import { listDeadLetters } from "./read/dead-letters.ts";
import { listDuplicates } from "./read/duplicates.ts";
import { listEvents, readTip } from "./read/listing.ts";
import { findEvent, findFrame, type Tables } from "./read/queries.ts";

const DEFAULT_READ_CONNECTIONS = 10;
// A server that is there takes leave within milliseconds. One that is frozen never does.
const LEAVE_MS = 1_000;

type PostgresStore = EventStore & DeadLetterStore & DuplicateReader & Auditor & Pruner;

interface PostgresOptions {
  url: string;
  logger: Logger;
  /** Whether this process makes and updates the tables, and applies frames; a process that only reads does not. */
  migrate: boolean;
  /** For reading. */
  maxConnections?: number;
  /** Connections that write, and transactions at a time: each has a slot of the counters. Default 1. */
  maxWriters?: number;
}

/**
 * Opens the books in PostgreSQL 15 or newer. With `migrate` it connects at once and brings the tables up to date, safely
 * from several processes; without, it connects when it is first asked.
 *
 * @throws {Unavailable} `store_unreachable`, with `migrate`
 */
export async function openPostgresEventStore(options: PostgresOptions): Promise<PostgresStore> {
  const store = new PostgresEventStore(options);
  try {
    if (options.migrate) await store.connectWriter();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

class PostgresEventStore implements PostgresStore {
  readonly #url: string;
  readonly #writers: [Writer, ...Writer[]];
  readonly #closing = new AbortController();
  readonly #reader: Kysely<Tables>;
  /**
   * How many frames one transaction takes: all, but half as many after one that ran out of time, and twice as many after
   * each success. The same batch would run out of time for ever; its parts are in the ledger as far as they get, so that
   * every attempt goes further.
   */
  #framesAtOnce = Number.POSITIVE_INFINITY;
  /** The same for each batch that ran out of time: the success of others in between says nothing of it. */
  readonly #framesOfBatch = new WeakMap<AppliedDelivery[], number>();

  constructor({ url, logger, migrate, maxConnections = DEFAULT_READ_CONNECTIONS, maxWriters = 1 }: PostgresOptions) {
    this.#url = url;
    const { signal } = this.#closing;
    const createWriter = ({ migrates }: { migrates: boolean }) => new Writer({ url, logger, migrates, signal });
    // The others connect later, when a newer release may be at the tables: they would wait for it in vain.
    const others = Array.from({ length: maxWriters - 1 }, () => createWriter({ migrates: false }));
    this.#writers = [createWriter({ migrates: migrate }), ...others];
    const pool = openReadPool({ url, logger, maxConnections, signal });
    this.#reader = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  }

  async connectWriter(): Promise<void> {
    await this.#explaining(() => this.#writers[0].connection());
  }

  async apply(deliveries: AppliedDelivery[], { maxNamed }: { maxNamed: number }): Promise<Applied> {
    const applied: Applied = { frames: [], dropped: [] };
    const size = Math.min(this.#framesAtOnce, this.#framesOfBatch.get(deliveries) ?? Infinity, deliveries.length);
    try {
      for (let at = 0; at < deliveries.length; at += size) {
        const some = deliveries.slice(at, at + size);
        const maxOfThese = maxNamed - applied.dropped.length;
        const part = await this.#write((connection) => applyFrames(connection, some, maxOfThese));
        applied.frames.push(...part.frames);
        applied.dropped.push(...part.dropped);
      }
    } catch (error) {
      if (isOutOfTime(error)) {
        this.#framesAtOnce = Math.ceil(size / 2);
        this.#framesOfBatch.set(deliveries, this.#framesAtOnce);
      }
      throw error;
    }
    this.#framesAtOnce *= 2;
    return applied;
  }

  listEvents(query: EventQuery): Promise<EventPage> {
    return this.#read((db) => listEvents(db, query));
  }

  readTip(): Promise<string> {
    return this.#read((db) => readTip(db));
  }

  findEvent(topic: string, eventId: string): Promise<StoredEvent | undefined> {
    return this.#read((db) => findEvent(db, topic, eventId));
  }

  findFrame(frameId: string): Promise<LedgerEntry | undefined> {
    return this.#read((db) => findFrame(db, frameId));
  }

  readBooks(query: BooksQuery): Promise<Books> {
    return this.#read((db) => readBooks(db, query));
  }

  listDuplicates(query: DuplicateQuery): Promise<DuplicatePage> {
    return this.#read((db) => listDuplicates(db, query));
  }

  readDurability(): Promise<Durability> {
    return this.#read((db) => readPostgresDurability(db));
  }

  audit(): Promise<Audit> {
    return auditPostgres({ url: this.#url, signal: this.#closing.signal });
  }

  pruneDuplicates(options: PruneDuplicates): Promise<PruneStep> {
    return this.#read((db) => pruneDuplicates(db, options));
  }

  pruneFrames(options: PruneFrames): Promise<number> {
    return this.#read((db) => pruneFrames(db, options));
  }

  listDeadLetters(query: DeadLetterQuery): Promise<DeadLetterPage> {
    return this.#read((db) => listDeadLetters(db, query));
  }

  redrive(id: string): Promise<Redriven | undefined> {
    return this.#write((connection) => redrive(connection, id));
  }

  deleteDeadLetter(id: string): Promise<boolean> {
    return this.#write((connection) => deleteDeadLetter(connection, id));
  }

  deadLetterFrame(frame: UnreadableFrame): Promise<Applied> {
    return this.#write((connection) => buryFrame(connection, frame));
  }

  #read<Result>(read: (db: Kysely<Tables>) => Promise<Result>): Promise<Result> {
    return this.#explaining(() => read(this.#reader));
  }

  #write<Result>(work: (connection: WriteConnection) => Promise<Result>): Promise<Result> {
    const [first] = this.#writers;
    const writer = this.#writers.find(({ isIdle }) => isIdle) ?? first;
    return this.#explaining(() => writer.run(work, writer === first ? undefined : first));
  }

  #explaining<Result>(run: () => Promise<Result>): Promise<Result> {
    return explainingMissing((query) => sql.raw(query).execute(this.#reader), run);
  }

  async ping(): Promise<void> {
    await translatingErrors(() => sql`SELECT 1`.execute(this.#reader));
  }

  /** Ends every connection, within a second: those that are busy then, or wait for a server that is frozen, are cut. */
  async close(): Promise<void> {
    setTimeout(() => this.#closing.abort(), LEAVE_MS).unref();
    try {
      await Promise.all(this.#writers.map((writer) => writer.discard()));
    } finally {
      await this.#reader.destroy();
    }
  }
}
