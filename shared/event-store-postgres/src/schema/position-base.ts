import type { Session, Transaction } from "../connection/session.ts";

/**
 * The base of positions. The position of an event is the id of its transaction plus a base, and its ordinal in the
 * batch. The server assigns transaction ids, so a forward scan can find which transactions are still open
 * (docs/decisions/0002). A server into which a dump was restored starts with small ids, and after a failover that lost
 * transactions it assigns some ids again. The base is then raised, so that all earlier positions are below all later
 * ones.
 */

/**
 * The lock of the base. `apply_frames_5` takes it shared (and repeats its number), and raising the base takes it
 * exclusively, so that all open transactions use one base.
 */
const POSITION_BASE_LOCK = 7_305_804_402_565_173_248n;

// The ids reserved for one server history: more than it uses in 35 years at 1,000 transactions a second. A bigint has
// room for 8 million histories.
const BASE_STEP = 2n ** 40n;

/**
 * The second of the restore, times 2^31. Between two restores there are more positions than a server can assign in that
 * time. The positions of a restored database are therefore also beyond those of an earlier restore from the same
 * backup, whose readers may still have cursors. It fits into bigint until 2106.
 */
const POSITION_OF_NOW = "(extract(epoch FROM clock_timestamp())::bigint << 31)";

// The server's own name and its timeline, which changes with every failover and point-in-time recovery. As in 001.sql.
const HISTORY = `(SELECT system_identifier::text FROM pg_control_system())
  || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)`;

const LARGEST_TX = "coalesce(greatest((SELECT max(tx) FROM events), (SELECT max(tx) FROM duplicates)), 0)";

// xmax is the next id. xmin would be wrong here, because it is below stored ids while a transaction stays open.
const IS_BASE_TOO_LOW = `history <> ${HISTORY}
  OR base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint <= ${LARGEST_TX}`;

/**
 * Raises the base if another server assigned the stored transaction ids, or if this server has assigned smaller ones
 * since. It must be called on each new connection that writes.
 *
 * @returns whether this call raised it
 */
export async function raisePositionBase(session: Session): Promise<boolean> {
  const { rowCount: isTooLow } = await session.query(`SELECT FROM positions WHERE ${IS_BASE_TOO_LOW}`);
  if (!isTooLow) return false;
  return session.transaction(async (transaction) => {
    await transaction.query("SELECT pg_advisory_xact_lock($1)", [POSITION_BASE_LOCK]);
    const { rowCount: raised } = await transaction.query(
      `UPDATE positions SET history = ${HISTORY}, base = greatest(greatest(base, ${LARGEST_TX}) + $1::bigint, ${POSITION_OF_NOW})
       WHERE ${IS_BASE_TOO_LOW}`,
      [BASE_STEP],
    );
    return raised === 1;
  });
}

/**
 * Raises the base above every position that a client may have, including positions of rows that a restore has replaced.
 */
export async function raisePositions(transaction: Transaction): Promise<void> {
  await transaction.query("SELECT pg_advisory_xact_lock($1)", [POSITION_BASE_LOCK]);
  await transaction.query(
    `UPDATE positions SET history = ${HISTORY},
       base = greatest(greatest(base, ${LARGEST_TX}) + $1::bigint, ${POSITION_OF_NOW})`,
    [BASE_STEP],
  );
}
