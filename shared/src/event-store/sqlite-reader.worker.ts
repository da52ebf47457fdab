import type { Database } from "better-sqlite3";
import type { DeadLetterQuery } from "./dead-letters.ts";
import type { DuplicateQuery } from "./duplicates.ts";
import type { BooksQuery, EventQuery } from "./event-store.ts";
import { openReaderDatabase } from "./sqlite-database.ts";
import { prepareDeadLetterListing } from "./sqlite-dead-letter-queries.ts";
import { prepareDuplicateListing } from "./sqlite-duplicate-queries.ts";
import { prepareQueries, type SqliteQueries } from "./sqlite-queries.ts";
import { serveCalls } from "./sqlite-worker.ts";

let database: Database;
let queries: SqliteQueries;
let listDuplicates: ReturnType<typeof prepareDuplicateListing>;
let listDeadLetters: ReturnType<typeof prepareDeadLetterListing>;

const methods = {
  open: (path: string): void => {
    database = openReaderDatabase(path);
    queries = prepareQueries(database);
    listDuplicates = prepareDuplicateListing(database);
    listDeadLetters = prepareDeadLetterListing(database);
  },
  listEvents: (query: EventQuery) => queries.listEvents(query),
  readTip: () => queries.readTip(),
  findEvent: (topic: string, eventId: string) => queries.findEvent(topic, eventId),
  findFrame: (frameId: string) => queries.findFrame(frameId),
  readBooks: (query: BooksQuery) => queries.readBooks(query),
  listDuplicates: (query: DuplicateQuery) => listDuplicates(query),
  listDeadLetters: (query: DeadLetterQuery) => listDeadLetters(query),
  ping: () => queries.ping(),
  close: (): void => {
    database?.close();
  },
};

export type ReaderMethods = typeof methods;

serveCalls(methods);
