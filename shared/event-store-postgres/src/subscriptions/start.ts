import type { SubscriptionStart } from "@tidemark/event-store/subscriptions";
import { type Kysely, sql } from "kysely";
import { readHorizon, readTip } from "../read/events.ts";
import { FIRST_POSITION, positionParameters, writePosition } from "../read/positions.ts";
import type { Tables } from "../schema/tables.ts";

/**
 * How far the times of events may be out of the order of their positions: the longest time of a transaction that applies
 * frames.
 */
const DISORDER = "60 seconds";

/** Reads the position at which a subscription begins. */
export async function readStart(db: Kysely<Tables>, from: SubscriptionStart): Promise<string> {
  if (from === "beginning") return FIRST_POSITION;
  // Not the tip: an event of a transaction that is still open is not stored yet, and must not be skipped.
  if (from === "now") return readHorizon(db);
  return findTime(db, { storedSince: from.storedSince, tip: await readTip(db) });
}

const ORD_BITS = 31n;

/**
 * Halves the range of positions until one is left: at most 94 look-ups, whatever is stored. It must not stop at a
 * transaction, because an import from SQLite puts up to 2^30 events, of any times, into one.
 */
async function findTime(
  db: Kysely<Tables>,
  { storedSince, tip }: { storedSince: string; tip: string },
): Promise<string> {
  let low = 0n;
  let high = (BigInt(positionParameters(tip)[0]) + 1n) << ORD_BITS;
  while (low < high) {
    const middle = (low + high) / 2n;
    const next = await db
      .selectFrom("events")
      .select(["tx", "ord"])
      .select(sql<boolean>`processed_at >= ${storedSince}::timestamptz - ${DISORDER}::interval`.as("is_late"))
      .where(sql<boolean>`(tx, ord) >= (${middle >> ORD_BITS}::bigint, ${ordOf(middle)}::integer)`)
      .orderBy("tx")
      .orderBy("ord")
      .limit(1)
      .executeTakeFirst();
    if (next === undefined || next.is_late) high = middle;
    else low = (BigInt(next.tx) << ORD_BITS) + BigInt(next.ord) + 1n;
  }
  if (low === 0n) return FIRST_POSITION;
  const last = low - 1n;
  return writePosition({ tx: String(last >> ORD_BITS), ord: ordOf(last) });
}

function ordOf(position: bigint): number {
  return Number(BigInt.asUintN(Number(ORD_BITS), position));
}
