import { InvalidInput } from "@tidemark/domain/errors";
import { type RawBuilder, sql } from "kysely";
import type { Position } from "../schema/columns.ts";

/** Positions as the port writes them: the text `tx-ord`. */

const MAX_BIGINT = 2n ** 63n - 1n;
const MAX_INTEGER = 2 ** 31 - 1;

export const FIRST_POSITION = "0-0";
export const LAST_POSITION = `${MAX_BIGINT}-${MAX_INTEGER}`;

/** @throws {InvalidInput} `invalid_cursor` */
function readPosition(text: string): Position {
  const [, tx, ord] = /^(\d{1,19})-(\d{1,10})$/.exec(text) ?? [];
  if (tx === undefined || BigInt(tx) > MAX_BIGINT || Number(ord) > MAX_INTEGER) {
    throw new InvalidInput({
      code: "invalid_cursor",
      status: 400,
      detail: "this cursor was not issued by this service",
    });
  }
  return { tx, ord: Number(ord) };
}

/** Returns the two values of a position, to compare them with `(tx, ord)`. @throws {InvalidInput} `invalid_cursor` */
export function positionValues(position: string): RawBuilder<unknown> {
  const { tx, ord } = readPosition(position);
  return sql`${tx}::bigint, ${ord}::integer`;
}

/** Returns the two values of a position as SQL parameters. @throws {InvalidInput} `invalid_cursor` */
export function positionParameters(position: string): [tx: string, ord: number] {
  const { tx, ord } = readPosition(position);
  return [tx, ord];
}

export function writePosition({ tx, ord }: Position): string {
  return `${tx}-${ord}`;
}

/** Returns the last position before the events of a transaction. */
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
