import { check, fail, sleep } from "k6";
import { Counter, Rate } from "k6/metrics";
import type { Batch, Producer } from "./producer.k6.ts";
import { type Answer, bodyOf, get, post } from "./service.k6.ts";
import { type Counts, tallyAnswered, tallySent, tallyUnknown } from "./tally.k6.ts";

const refusals = new Counter("publish_refused");
const unknownOutcomes = new Counter("publish_outcome_unknown");
/** The share of publishes with an answer that the contract does not allow for a valid request. */
const errors = new Rate("publish_errors");

const MOST_ATTEMPTS = 60;
const MOST_RECEIPT_WAITS = 24;
const RECEIPT_WAIT_SECONDS = 5;
const LONGEST_PAUSE_SECONDS = 5;

/**
 * Publishes a batch like a good producer. After a refusal it waits for `Retry-After` and drops the batch, because none of its
 * events was stored. After an unknown outcome it repeats the batch. Returns whether the batch was accepted.
 */
export function publish(producer: Producer, batch: Batch): boolean {
  let isInDoubt = false;
  for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
    const answer = post("/publish", { events: batch.events });
    if (answer.status === 200 || answer.status === 202) {
      errors.add(false);
      const answered = answer.status === 202 ? followReceipt(answer) : countsOf(answer);
      const { length: received } = batch.events;
      tallySent({ received, unique: batch.fresh.length, duplicates: received - batch.fresh.length });
      tallyAnswered(answered);
      producer.confirm(batch);
      return true;
    }
    const isRefusal = answer.status === 429 || (answer.status === 503 && bodyOf(answer).code !== "outcome_unknown");
    const isUnknown = answer.status === 0 || (answer.status >= 500 && !isRefusal);
    errors.add(!isRefusal && !isUnknown);
    if (isRefusal) refusals.add(1);
    // A refusal says nothing about earlier attempts.
    if (!isUnknown && !isInDoubt) {
      sleep(pauseOf(answer));
      return false;
    }
    if (isUnknown) {
      isInDoubt = true;
      unknownOutcomes.add(1);
      tallyUnknown(batch.events.length);
    }
    sleep(pauseOf(answer));
  }
  return giveUp("the outcome of a batch was still unknown after the last attempt");
}

/** Polls a receipt until every event has a verdict. */
function followReceipt(accepted: Answer): Counts {
  const { Location: location } = accepted.headers; // relative to /publish
  check(accepted, { "a 202 names its receipt": () => location !== undefined });
  for (let waits = 0; waits < MOST_RECEIPT_WAITS; waits++) {
    const answer = get("/receipts/:id", `/${location}`, { prefer: `wait=${RECEIPT_WAIT_SECONDS}` });
    if (answer.status === 200 && bodyOf(answer).pending === 0) return countsOf(answer);
    sleep(1);
  }
  return giveUp(`events of ${location} were still pending after the last poll`);
}

/** Counts an error as well, because a failed iteration alone does not fail a run. */
function giveUp(words: string): never {
  errors.add(true);
  return fail(words);
}

function countsOf(answer: Answer): Counts {
  const { received, accepted, duplicates } = bodyOf(answer) as Record<string, number>;
  return { received: received ?? 0, unique: accepted ?? 0, duplicates: duplicates ?? 0 };
}

function pauseOf(answer: Answer): number {
  return Math.min(Number(answer.headers["Retry-After"] ?? 1), LONGEST_PAUSE_SECONDS);
}
