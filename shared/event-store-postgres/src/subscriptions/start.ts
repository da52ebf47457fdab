import type { SubscriptionStart } from "@tidemark/event-store/subscriptions";
import { type Kysely, sql } from "kysely";
import { readTip } from "../read/events.ts";
import { FIRST_POSITION, positionBefore, positionParameters } from "../read/positions.ts";
import type { Tables } from "../schema/tables.ts";

/**
 * How far the times of events may be out of the order of their positions: the longest time of a transaction that applies
 * frames.
 */
const DISORDER = "60 seconds";

/** Reads the position at which a subscription begins. */
export async function readStart(db: Kysely<Tables>, from: SubscriptionStart): Promise<string> {
  if (from === "beginning") return FIRST_POSITION;
  const tip = await readTip(db);
  return from === "now" ? tip : findTime(db, { storedSince: from.storedSince, tip });
}

/** Halves the range of positions until one transaction is left: some forty look-ups, whatever is stored. */
async function findTime(
  db: Kysely<Tables>,
  { storedSince, tip }: { storedSince: string; tip: string },
): Promise<string> {
  let low = 0n;
  let high = BigInt(positionParameters(tip)[0]) + 1n;
  while (low < high) {
    const middle = (low + high) / 2n;
    const next = await db
      .selectFrom("events")
      .select("tx")
      .select(sql<boolean>`processed_at >= ${storedSince}::timestamptz - ${DISORDER}::interval`.as("is_late"))
      .where(sql<boolean>`(tx, ord) >= (${middle}::bigint, 0)`)
      .orderBy("tx")
      .orderBy("ord")
      .limit(1)
      .executeTakeFirst();
    if (next === undefined || next.is_late) high = middle;
    else low = BigInt(next.tx) + 1n;
  }
  return low === 0n ? FIRST_POSITION : positionBefore(String(low));
}
