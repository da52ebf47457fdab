import type { Session } from "../connection/session.ts";

// The first of the two numbers of an advisory lock; the second is the slot.
const SLOT_LOCK = 1_953_064_305;

/**
 * Takes the lowest free slot of the counters for a session, and sets it as `tidemark.slot`, where the statements read it.
 * The session holds the slot by a lock until it ends, so the URL must lead to the server itself or to a pooler in session
 * mode (docs/decisions/0003).
 */
export async function takeSlot(session: Session): Promise<number> {
  const { rows } = await session.query<{ slot: number }>(
    `SELECT slot, set_config('tidemark.slot', slot::text, false) FROM (
       SELECT slot FROM generate_series(0, 9999) AS slot WHERE pg_try_advisory_lock(${SLOT_LOCK}, slot) LIMIT 1
     ) AS free`,
  );
  const [free] = rows;
  if (free === undefined) throw new Error("every slot of the counters is taken");
  return free.slot;
}
