import type { ConflictFields } from "@tidemark/domain/verdict";
import type { Auditor } from "../audit.ts";
import type { DeadLetterStore } from "../dead-letters.ts";
import type { DuplicateReader } from "../duplicates.ts";
import type { Eraser } from "../erasure.ts";
import type { EventStore } from "../event-store.ts";
import type { Pruner } from "../pruning.ts";
import type { SubscriptionStore } from "../subscriptions.ts";
import type { UsageReader } from "../usage.ts";

/** All ports that an adapter of the event store implements. */
export type CompleteStore = EventStore &
  DeadLetterStore &
  DuplicateReader &
  SubscriptionStore &
  Auditor &
  Pruner &
  Eraser &
  UsageReader;

/** The options of a store that an operator may change between two starts. */
export interface ReopenOptions {
  conflictFields?: ConflictFields;
}

/** An empty store for one test, and ways to interfere with it. */
export interface StoreUnderTest {
  store: CompleteStore;
  /** Closes the store and opens it again over the same data. */
  reopen(options?: ReopenOptions): Promise<CompleteStore>;
  /** Makes the store itself refuse events of these ids, all with the same code. It is called once before `accept`. */
  refuse(...eventIds: string[]): Promise<void>;
  /** Makes the store accept those events again. */
  accept(): Promise<void>;
  /** Changes a table without the store, by a statement that both dialects of SQL understand. */
  change(sql: string): Promise<void>;
  /** Ends the present minute of the history, so that its tables have all of it. */
  endMinute(): Promise<void>;
  /** Closes the store that is open and discards the data. */
  close(): Promise<void>;
}

/** Opens an empty store that is closed when the test ends. */
export type OpenForTest = () => Promise<Omit<StoreUnderTest, "close">>;
