import { randomUUID } from "node:crypto";
import { Unavailable } from "@tidemark/domain/errors";
import type { FrameItem } from "@tidemark/event-store/frame-items";
import { OUT_OF_TIME, type Refusal, UNREAD_TOPIC } from "@tidemark/event-store/refusal";
import type { Writers } from "../connection/writers.ts";
import { tryEvents } from "./isolate-trial.ts";
import { TimeBudget } from "./time-budget.ts";

/** Deletes the rows that the open transaction has written, because the next trial uses the same positions (tx, ord). */
const DELETE_DUPLICATES = `
  DELETE FROM duplicates WHERE tx = (SELECT base + pg_current_xact_id()::text::bigint FROM positions)`;

/**
 * Finds the events that the store refuses, and those that take too long, by bisection in a transaction that is rolled
 * back. To find one event among n takes some 2 log2(n) trials of ever fewer events. Each trial has a time limit.
 *
 * Accepted events stay until the end, because a duplicate may be refused only when it is compared with an earlier
 * event. The trials take the events in the order of their keys, like every transaction, because two connections with
 * opposite orders would deadlock.
 *
 * @throws {Unavailable} when the store itself is slow: every event takes too long, or it waits for a lock
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
      // The server may have been frozen at that moment. The event is at fault only if the server then takes another
      // event in time, and runs out of time for this one again.
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

/** Creates an event whose key no other connection can have locked. It is never stored. */
function probeEvent(): string {
  const [event_id, timestamp] = [randomUUID(), new Date().toISOString()];
  return JSON.stringify({ topic: UNREAD_TOPIC, event_id, timestamp, source: "tidemark" });
}

function databaseIsSlow(): Unavailable {
  return new Unavailable({ code: "store_unreachable", detail: "the database takes too long for every event" });
}

/** Orders events as the database does: by bytes. */
function byKey(one: FrameItem, other: FrameItem): number {
  return compareBytes(one.topic, other.topic) || compareBytes(one.eventId, other.eventId);
}

function compareBytes(one = "", other = ""): number {
  return one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other));
}
