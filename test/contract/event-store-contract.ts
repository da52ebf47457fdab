import type { EventStore } from "@tidemark/shared/event-store/event-store";
import { describe, onTestFinished } from "vitest";
import { describeBooks } from "./event-store/books.ts";
import { describeBooksBesideLog } from "./event-store/books-beside-log.ts";
import { describeConflicts } from "./event-store/conflicts.ts";
import { describeContent } from "./event-store/content.ts";
import { describeCopiesBySource } from "./event-store/copies-by-source.ts";
import { describeFilters } from "./event-store/filters.ts";
import { describeIdentity } from "./event-store/identity.ts";
import { describeListing } from "./event-store/listing.ts";

/** An empty store for one test. */
export interface OpenedStore {
  store: EventStore;
  /** Closes the store and opens it again over the same data. */
  reopen(): Promise<EventStore>;
  /** Closes whichever store is open and discards the data. */
  close(): Promise<void>;
}

/** Opens an empty store that is closed when the test ends. */
export type OpenForTest = () => Promise<Omit<OpenedStore, "close">>;

/** What every adapter of `EventStore` promises, whatever keeps its data. */
export function describeEventStore(name: string, open: () => Promise<OpenedStore>): void {
  const openForTest: OpenForTest = async () => {
    const opened = await open();
    onTestFinished(() => opened.close());
    return opened;
  };
  describe(name, () => {
    describeIdentity(openForTest);
    describeConflicts(openForTest);
    describeContent(openForTest);
    describeBooks(openForTest);
    describeBooksBesideLog(openForTest);
    describeCopiesBySource(openForTest);
    describeListing(openForTest);
    describeFilters(openForTest);
  });
}
