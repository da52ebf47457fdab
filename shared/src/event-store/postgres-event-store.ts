import { Kysely, PostgresDialect, sql } from "kysely";
import type { Durability } from "../durability.ts";
import { Unavailable } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { DuplicatePage, DuplicateQuery, DuplicateReader } from "./duplicates.ts";
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
} from "./event-store.ts";
import { applyFrames } from "./postgres-apply.ts";
import { readBooks } from "./postgres-books.ts";
import { openReadPool, Writer } from "./postgres-connections.ts";
import { listDuplicates } from "./postgres-duplicates.ts";
import { readPostgresDurability } from "./postgres-durability.ts";
import { isOutOfTime, translatingErrors } from "./postgres-errors.ts";
import { findEvent, findFrame, listEvents, type Tables } from "./postgres-queries.ts";

const DEFAULT_READ_CONNECTIONS = 10;

type PostgresStore = EventStore & Pick<DuplicateReader, "listDuplicates">;

interface PostgresOptions {
  url: string;
  log: Logger;
  /** Whether this process makes and updates the tables, and applies frames; a process that only reads does not. */
  migrate: boolean;
  /** For reading; applying takes one more. */
  maxConnections?: number;
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
  readonly #writer: Writer;
  readonly #reader: Kysely<Tables>;
  /**
   * How many frames one transaction takes: all, but half as many after one that ran out of time, and twice as many after
   * each success. The same batch would run out of time for ever; its parts are in the ledger as far as they get, so that
   * every attempt goes further.
   */
  #framesAtOnce = Number.POSITIVE_INFINITY;

  constructor({ url, log, migrate, maxConnections = DEFAULT_READ_CONNECTIONS }: PostgresOptions) {
    this.#writer = new Writer({ url, log, migrates: migrate });
    const pool = openReadPool({ url, log, maxConnections });
    this.#reader = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  }

  async connectWriter(): Promise<void> {
    await this.#writer.connection();
  }

  async apply(deliveries: AppliedDelivery[], { maxNamed }: { maxNamed: number }): Promise<Applied> {
    const applied: Applied = { frames: [], dropped: [] };
    const size = Math.min(this.#framesAtOnce, deliveries.length);
    for (let at = 0; at < deliveries.length; at += size) {
      const part = await this.#applyAtOnce(deliveries.slice(at, at + size), maxNamed - applied.dropped.length);
      applied.frames.push(...part.frames);
      applied.dropped.push(...part.dropped);
    }
    this.#framesAtOnce *= 2;
    return applied;
  }

  async #applyAtOnce(deliveries: AppliedDelivery[], maxNamed: number): Promise<Applied> {
    try {
      return await applyFrames(await this.#writer.connection(), deliveries, maxNamed);
    } catch (error) {
      if (isOutOfTime(error)) this.#framesAtOnce = Math.ceil(deliveries.length / 2);
      // Whatever state the connection is in after this: a new one is in a known state, and has a slot of its own.
      if (error instanceof Unavailable) await this.#writer.discard();
      throw error;
    }
  }

  listEvents(query: EventQuery): Promise<EventPage> {
    return listEvents(this.#reader, query);
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

  listDuplicates(query: DuplicateQuery): Promise<DuplicatePage> {
    return listDuplicates(this.#reader, query);
  }

  readDurability(): Promise<Durability> {
    return readPostgresDurability(this.#reader);
  }

  async ping(): Promise<void> {
    await translatingErrors(() => sql`SELECT 1`.execute(this.#reader));
  }

  async close(): Promise<void> {
    try {
      await this.#writer.discard();
    } finally {
      await this.#reader.destroy();
    }
  }
}
