import { InvalidInput } from "@tidemark/domain/errors";
import { type RawBuilder, sql } from "kysely";
import type pg from "pg";

/**
 * Where an event stands in the order of commits: the id of its transaction plus a base, and its ordinal in the batch.
 * Transaction ids are drawn by the server, so a forward walk can tell what is still open (docs/decisions/0002). They start over in
 * a server that a dump was restored into, and are drawn twice after a failover that lost some; the base is raised then,
 * and everything that was ever handed out lies below everything to come.
 */
interface Position {
  tx: string;
  ord: number;
}

export const FIRST_POSITION = "0-0";

/** Shared by every apply, exclusive for whoever raises the base: no two bases are in use at once. */
export const POSITION_BASE_LOCK = 7_305_804_402_565_173_248n;

// More transactions than a server sees in a history (35 years at 1,000 a second); bigint has room for 8 million of them.
const BASE_STEP = 2n ** 40n;
const MAX_BIGINT = 2n ** 63n - 1n;
const MAX_INTEGER = 2 ** 31 - 1;

export const LAST_POSITION = `${MAX_BIGINT}-${MAX_INTEGER}`;

/** @throws {InvalidInput} `invalid_cursor` */
function readPosition(text: string): Position {
  const [, tx, ord] = /^(\d{1,19})-(\d{1,10})$/.exec(text) ?? [];
  if (tx === undefined || BigInt(tx) > MAX_BIGINT || Number(ord) > MAX_INTEGER) {
    throw new InvalidInput({ code: "invalid_cursor", status: 400, detail: "this cursor does not come from here" });
  }
  return { tx, ord: Number(ord) };
}

/** The two values of a position, for a comparison with `(tx, ord)`. @throws {InvalidInput} `invalid_cursor` */
export function positionValues(position: string): RawBuilder<unknown> {
  const { tx, ord } = readPosition(position);
  return sql`${tx}::bigint, ${ord}::integer`;
}

export function writePosition({ tx, ord }: Position): string {
  return `${tx}-${ord}`;
}

/** The last position before the events of a transaction. */
export function positionBefore(tx: string): string {
  return `${BigInt(tx) - 1n}-${MAX_INTEGER}`;
}

/** @throws {InvalidInput} `invalid_cursor` */
export function laterPosition(left: string, right: string): string {
  return isBefore(readPosition(left), readPosition(right)) ? right : left;
}

/** @throws {InvalidInput} `invalid_cursor` */
export function earlierPosition(left: string, right: string): string {
  return isBefore(readPosition(left), readPosition(right)) ? left : right;
}

function isBefore(left: Position, right: Position): boolean {
  return left.tx === right.tx ? left.ord < right.ord : BigInt(left.tx) < BigInt(right.tx);
}

// The server's own name and its timeline, which changes with every failover and point-in-time recovery.
export const HISTORY = `(SELECT system_identifier::text FROM pg_control_system())
  || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)`;

const LARGEST_TX = "coalesce(greatest((SELECT max(tx) FROM events), (SELECT max(tx) FROM duplicates)), 0)";

// xmax, the next id to be drawn: xmin lags behind the stored ids whenever a transaction stays open.
const IS_BASE_TOO_LOW = `history <> ${HISTORY}
  OR base + pg_snapshot_xmax(pg_current_snapshot())::text::bigint <= ${LARGEST_TX}`;

/**
 * Raises the base when this server is another one than that which drew the stored transaction ids, or has drawn smaller
 * ones since. To be called by whoever is about to write, on each new connection.
 */
export async function raisePositionBase(client: pg.ClientBase): Promise<boolean> {
  const { rowCount: isTooLow } = await client.query(`SELECT FROM positions WHERE ${IS_BASE_TOO_LOW}`);
  if (!isTooLow) return false;
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [POSITION_BASE_LOCK]);
    const { rowCount: raised } = await client.query(
      `UPDATE positions SET history = ${HISTORY}, base = greatest(base, ${LARGEST_TX}) + $1::bigint
       WHERE ${IS_BASE_TOO_LOW}`,
      [BASE_STEP],
    );
    await client.query("COMMIT");
    return raised === 1;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined); // the connection may be gone: the first error says so
    throw error;
  }
}
