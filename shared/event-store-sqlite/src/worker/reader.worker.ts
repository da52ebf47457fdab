import type { DeadLetterQuery } from "@tidemark/event-store/dead-letters";
import type { DuplicateQuery } from "@tidemark/event-store/duplicates";
import type { BooksQuery, EventQuery } from "@tidemark/event-store/event-store";
import type { Database } from "better-sqlite3";
import { prepareDeadLetterListing } from "../read/dead-letters.ts";
import { prepareDuplicateListing } from "../read/duplicates.ts";
import { prepareQueries, type SqliteQueries } from "../read/queries.ts";
import { openReaderDatabase } from "../schema/database.ts";
import { serveCalls } from "./worker.ts";

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
