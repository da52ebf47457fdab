import { randomUUID } from "node:crypto";
import { Unavailable } from "@tidemark/domain/errors";
import type { FrameItem } from "@tidemark/event-store/frame-items";
import { OUT_OF_TIME, type Refusal, UNREAD_TOPIC } from "@tidemark/event-store/refusal";
import type { Writers } from "../connection/writers.ts";
import { tryEvents } from "./isolate-trial.ts";
import { TimeBudget } from "./time-budget.ts";

/** Deletes what the open transaction wrote so far: the next trial takes the same positions (tx, ord). */
const DELETE_DUPLICATES = `
  DELETE FROM duplicates WHERE tx = (SELECT base + pg_current_xact_id()::text::bigint FROM positions)`;

/**
 * Finds the events that the store refuses, and those for which it takes too long, by halves, in a transaction that is
 * rolled back. One event in n costs some 2 log2(n) trials of ever fewer events. Each trial has a time limit.
 *
 * Events that were taken stay until the end, because a duplicate may be refused only when it is compared with the event
 * before it. The trials go through the events in the order of their keys, as every transaction does: two connections with
 * opposite orders deadlock.
 *
 * @throws {Unavailable} when the store is slow itself: it has no time for any event, or waits for a lock
 */
export function findRefused<Item extends FrameItem>(writers: Writers, items: Item[]): Promise<Map<Item, Refusal>> {
  const receivedAtMs = Date.now();
  const sorted = items.toSorted(byKey);
  return writers.dryRun(async (transaction) => {
    const budget = new TimeBudget(writers.timeoutMs);
    const refused = new Map<Item, Refusal>();
    const attempt = async (contents: string[]) => {
      const outcome = await tryEvents(transaction, { contents, receivedAtMs, limitMs: budget.limitFor(contents) });
      if (typeof outcome === "string") await transaction.query(DELETE_DUPLICATES);
      return outcome;
    };
    const attemptAlone = async (content: string) => {
      const outcome = await attempt([content]);
      if (typeof outcome === "string" || outcome.code !== OUT_OF_TIME) return outcome;
      // The server may have been frozen just then. It answers for the event only if it takes another one, and then again
      // runs out of time for this one.
      if (typeof (await attempt([probeEvent()])) !== "string") throw databaseIsSlow();
      return attempt([content]);
    };
    const search = async (some: Item[]): Promise<void> => {
      const [first] = some;
      if (first === undefined) return;
      if (some.length === 1) {
        const outcome = await attemptAlone(first.content);
        if (typeof outcome !== "string") refused.set(first, outcome);
      } else if (typeof (await attempt(some.map(({ content }) => content))) !== "string") {
        const middle = some.length >> 1;
        await search(some.slice(0, middle));
        await search(some.slice(middle));
      }
    };
    await search(sorted);
    return refused;
  });
}

/** Makes an event that no other connection can have locked. It is never stored. */
function probeEvent(): string {
  const [event_id, timestamp] = [randomUUID(), new Date().toISOString()];
  return JSON.stringify({ topic: UNREAD_TOPIC, event_id, timestamp, source: "tidemark" });
}

function databaseIsSlow(): Unavailable {
  return new Unavailable({ code: "store_unreachable", detail: "the database has no time for any event" });
}

/** Orders events as the database does: by bytes. */
function byKey(one: FrameItem, other: FrameItem): number {
  return compareBytes(one.topic, other.topic) || compareBytes(one.eventId, other.eventId);
}

function compareBytes(one = "", other = ""): number {
  return one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other));
}
