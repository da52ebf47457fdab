import { describe, onTestFinished } from "vitest";
import type { EventStore } from "../event-store.ts";
import { describeBooks } from "./books.ts";
import { describeBooksBesideLog } from "./books-beside-log.ts";
import { describeConflicts } from "./conflicts.ts";
import { describeContent } from "./content.ts";
import { describeCopiesBySource } from "./copies-by-source.ts";
import { describeFilters } from "./filters.ts";
import { describeIdentity } from "./identity.ts";
import { describeListing } from "./listing.ts";

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
