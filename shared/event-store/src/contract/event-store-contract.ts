import { describe, onTestFinished } from "vitest";
import { describeAudit } from "./books/audit.ts";
import { describeBooks } from "./books/books.ts";
import { describeBooksBesideLog } from "./books/books-beside-log.ts";
import { describeDuplicatesBySource } from "./books/duplicates-by-source.ts";
import { describeDamagedFrames } from "./dead-letters/damaged-frames.ts";
import { describeDeadLetterListing } from "./dead-letters/dead-letter-listing.ts";
import { describeDeadLetters } from "./dead-letters/dead-letters.ts";
import { describePoisonEvents } from "./dead-letters/poison-events.ts";
import { describePoisonMix } from "./dead-letters/poison-mix.ts";
import { describeDuplicateListing } from "./duplicates/duplicate-listing.ts";
import { describePruning } from "./duplicates/pruning.ts";
import { describeErasure } from "./erasure/erasure.ts";
import { describeExpiry } from "./erasure/expiry.ts";
import { describeKeptConflicts } from "./erasure/kept-conflicts.ts";
import { describeConflicts } from "./events/conflicts.ts";
import { describeContent } from "./events/content.ts";
import { describeFilters } from "./events/filters.ts";
import { describeIdentity } from "./events/identity.ts";
import { describeLargeDuplicates } from "./events/large-duplicates.ts";
import { describeListing } from "./events/listing.ts";
import { describeHistory } from "./history/history.ts";
import { verifyHistory } from "./history/read-history.ts";
import { describeAgainstModel } from "./model/against-model.ts";
import type { OpenForTest, ReopenOptions, StoreUnderTest } from "./store-under-test.ts";
import { describeSubscriptionLag } from "./subscriptions/subscription-lag.ts";
import { describeSubscriptions } from "./subscriptions/subscriptions.ts";
import { describeTopicPrefixes } from "./topics/topic-prefixes.ts";
import { describeUsage } from "./usage.ts";

/**
 * Tests all promises of the ports of the event store, for any implementation. After each test the history must add up
 * to the books, unless the test changed tables without the store.
 */
export function describeEventStore(name: string, open: () => Promise<StoreUnderTest>): void {
  const openForTest: OpenForTest = async () => {
    const opened = await open();
    onTestFinished(() => opened.close());
    let { store } = opened;
    let isChanged = false;
    onTestFinished(async () => {
      if (!isChanged) await verifyHistory(store);
    });
    const reopen = async (options?: ReopenOptions) => {
      store = await opened.reopen(options);
      return store;
    };
    const change = (sql: string) => {
      isChanged = true;
      return opened.change(sql);
    };
    return { ...opened, reopen, change };
  };
  const suites = [
    describeIdentity,
    describeConflicts,
    describeLargeDuplicates,
    describeContent,
    describeListing,
    describeFilters,
    describeBooks,
    describeBooksBesideLog,
    describeDuplicatesBySource,
    describeDuplicateListing,
    describePoisonEvents,
    describePoisonMix,
    describeDeadLetters,
    describeDeadLetterListing,
    describeDamagedFrames,
    describeTopicPrefixes,
    describeSubscriptions,
    describeSubscriptionLag,
    describePruning,
    describeHistory,
    describeAudit,
    describeUsage,
    describeKeptConflicts,
    describeExpiry,
    describeErasure,
    describeAgainstModel,
  ];
  describe(name, () => {
    for (const describeSuite of suites) describeSuite(openForTest);
  });
}
