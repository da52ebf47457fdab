import type { FrameItem } from "@tidemark/event-store/frame-items";
import type { Refusal } from "@tidemark/event-store/refusal";
import type { WriteConnection } from "../connection/connections.ts";
import { execute, inTransaction } from "../connection/transaction.ts";
import { tryEvents } from "./trial.ts";

/** What an open transaction wrote so far; its places (tx, ord) are about to be taken by the next trial. */
const FORGET_COPIES = `
  DELETE FROM duplicates WHERE tx = (SELECT base + pg_current_xact_id()::text::bigint FROM positions)`;

/**
 * Finds the events that the store refuses, by halves, in a transaction that is rolled back. One event in n costs some
 * 2 log2(n) trials of ever fewer events.
 *
 * What was taken stays until the end: a copy may be refused only where it is compared with a first one that is its
 * neighbour. The trials go through the events in the order of their keys, as every transaction does: two connections with
 * opposite orders deadlock.
 */
export function findRefused<Item extends FrameItem>(
  connection: WriteConnection,
  items: Item[],
): Promise<Map<Item, Refusal>> {
  const { client } = connection;
  const receivedAtMs = Date.now();
  const search = async (some: Item[], refused: Map<Item, Refusal>): Promise<void> => {
    const [first] = some;
    if (first === undefined) return;
    const outcome = await tryEvents(connection, { contents: some.map(({ content }) => content), receivedAtMs });
    if (typeof outcome === "string") {
      await execute(client, FORGET_COPIES);
    } else if (some.length === 1) {
      refused.set(first, outcome);
    } else {
      const middle = some.length >> 1;
      await search(some.slice(0, middle), refused);
      await search(some.slice(middle), refused);
    }
  };
  const sorted = items.toSorted(byKey);
  return inTransaction(client, "ROLLBACK", async () => {
    const refused = new Map<Item, Refusal>();
    await search(sorted, refused);
    return refused;
  });
}

/** As the database sorts them: by bytes. */
function byKey(one: FrameItem, other: FrameItem): number {
  return compareBytes(one.topic, other.topic) || compareBytes(one.eventId, other.eventId);
}

function compareBytes(one = "", other = ""): number {
  return one === other ? 0 : Buffer.compare(Buffer.from(one), Buffer.from(other));
}
