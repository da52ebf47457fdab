import type { Session, Transaction } from "../connection/session.ts";

/**
 * The base of positions. The position of an event is the id of its transaction plus a base, and its ordinal in the batch:
 * transaction ids are drawn by the server, so a forward scan can tell which are still open (docs/decisions/0002). They
 * start over in a server that a dump was restored into, and some are drawn twice after a failover that lost them. The base
 * is raised then, so that every position handed out before lies below every position to come.
 */

/** Taken shared by `apply_frames_4` (the number stands there, too), exclusive to raise the base: one base at a time. */
const POSITION_BASE_LOCK = 7_305_804_402_565_173_248n;

// More transactions than a server sees in a history (35 years at 1,000 a second); bigint has room for 8 million of them.
const BASE_STEP = 2n ** 40n;

/**
 * The second of the restore, times 2^31. More positions than a server can draw in that time lie between two restores, so the
 * positions of a restored database also lie beyond those of a database that was restored earlier from the same backup, whose
 * readers may still hold cursors. It fits into bigint until 2106.
 */
const POSITION_OF_NOW = "(extract(epoch FROM clock_timestamp())::bigint << 31)";

// The server's own name and its timeline, which changes with every failover and point-in-time recovery. As in 001.sql.
const HISTORY = `(SELECT system_identifier::text FROM pg_control_system())
  || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)`;

const LARGEST_TX = "coalesce(greatest((SELECT max(tx) FROM events), (SELECT max(tx) FROM duplicates)), 0)";

// xmax, the next id to be drawn: xmin lags behind the stored ids whenever a transaction stays open.
const IS_BASE_TOO_LOW = `history <> ${HISTORY}
  OR base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint <= ${LARGEST_TX}`;

/**
 * Raises the base if this server is not the one that drew the stored transaction ids, or has drawn smaller ones since.
 * To be called on each new connection that writes.
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

/** Raises the base above every position that was ever handed out, also of rows that a restore has replaced. */
export async function raisePositions(transaction: Transaction): Promise<void> {
  await transaction.query("SELECT pg_advisory_xact_lock($1)", [POSITION_BASE_LOCK]);
  await transaction.query(
    `UPDATE positions SET history = ${HISTORY},
       base = greatest(greatest(base, ${LARGEST_TX}) + $1::bigint, ${POSITION_OF_NOW})`,
    [BASE_STEP],
  );
}
