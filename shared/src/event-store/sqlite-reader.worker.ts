import type { Database } from "better-sqlite3";
import type { BooksQuery, EventQuery } from "./event-store.ts";
import { openReaderDatabase } from "./sqlite-database.ts";
import { prepareQueries, type SqliteQueries } from "./sqlite-queries.ts";
import { serveCalls } from "./sqlite-worker.ts";

let database: Database;
let queries: SqliteQueries;

const methods = {
  open: (path: string): void => {
    database = openReaderDatabase(path);
    queries = prepareQueries(database);
  },
  listEvents: (query: EventQuery) => queries.listEvents(query),
  findEvent: (topic: string, eventId: string) => queries.findEvent(topic, eventId),
  findFrame: (frameId: string) => queries.findFrame(frameId),
  readBooks: (query: BooksQuery) => queries.readBooks(query),
  ping: () => queries.ping(),
  close: (): void => {
    database?.close();
  },
};

export type ReaderMethods = typeof methods;

serveCalls(methods);
