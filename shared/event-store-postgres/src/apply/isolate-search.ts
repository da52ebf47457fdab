import type { FrameItem } from "@tidemark/event-store/frame-items";
import type { Refusal } from "@tidemark/event-store/refusal";
import type { Writers } from "../connection/writers.ts";
import { tryEvents } from "./isolate-trial.ts";

/** Deletes what the open transaction wrote so far: the next trial takes the same positions (tx, ord). */
const DELETE_DUPLICATES = `
  DELETE FROM duplicates WHERE tx = (SELECT base + pg_current_xact_id()::text::bigint FROM positions)`;

/**
 * Finds the events that the store refuses, by halves, in a transaction that is rolled back. One event in n costs some
 * 2 log2(n) trials of ever fewer events.
 *
 * Events that were taken stay until the end, because a duplicate may be refused only when it is compared with the event
 * before it. The trials go through the events in the order of their keys, as every transaction does: two connections with
 * opposite orders deadlock.
 */
export function findRefused<Item extends FrameItem>(writers: Writers, items: Item[]): Promise<Map<Item, Refusal>> {
  const receivedAtMs = Date.now();
  const sorted = items.toSorted(byKey);
  return writers.dryRun(async (transaction) => {
    const refused = new Map<Item, Refusal>();
    const search = async (some: Item[]): Promise<void> => {
      const [first] = some;
      if (first === undefined) return;
      const outcome = await tryEvents(transaction, { contents: some.map(({ content }) => content), receivedAtMs });
      if (typeof outcome === "string") {
        await transaction.query(DELETE_DUPLICATES);
      } else if (some.length === 1) {
        refused.set(first, outcome);
      } else {
        const middle = some.length >> 1;
        await search(some.slice(0, middle));
        await search(some.slice(middle));
      }
    };
    await search(sorted);
    return refused;
  });
}

/** Orders events as the database does: by bytes. */
function byKey(one: FrameItem, other: FrameItem): number {
  return compareBytes(one.topic, other.topic) || compareBytes(one.eventId, other.eventId);
}

function compareBytes(one = "", other = ""): number {
  return one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other));
}
