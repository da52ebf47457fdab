import { expect } from "vitest";
import type { EventStore } from "../../event-store.ts";
import { type HistoryQuery, type HistoryStep, MINUTE_MS } from "../../history.ts";

const HOUR_MS = 60 * MINUTE_MS;

/** Returns a query about an hour on either side of the present minute, in one step unless told otherwise. */
export function aroundNow(options: Partial<HistoryQuery> = {}): HistoryQuery {
  const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  return { sinceMs: nowMs - HOUR_MS, untilMs: nowMs + HOUR_MS, stepMinutes: 120, ...options };
}

/** Reads the sums of the history around the present moment. */
export async function sumsOf(store: EventStore, options: Partial<HistoryQuery> = {}): Promise<HistoryStep> {
  const { steps } = await store.readHistory(aroundNow(options));
  const [step, ...more] = steps;
  if (step === undefined || more.length > 0) throw new Error("there is not exactly one step");
  return step;
}

/** Verifies that the sums of the history are the books, which were empty when the test began. */
export async function verifyHistory(store: EventStore): Promise<void> {
  const { stored, duplicates, conflicts, deadLettered, byTopic } = await store.readBooks({ maxTopics: 5 });
  expect(await sumsOf(store)).toMatchObject({ stored, duplicates, conflicts, deadLettered });
  for (const { lastProcessedAt: _, topic, ...books } of byTopic) {
    const { isComplete, ...sums } = await sumsOf(store, { topic });
    if (isComplete) expect(sums).toMatchObject(books);
  }
}
