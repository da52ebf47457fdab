import { createHash } from "node:crypto";
import { InvalidInput } from "@tidemark/domain/errors";

/**
 * The list that a cursor belongs to. A cursor is refused with another order or other filters, where its position would
 * mean something else, and a scan would skip or repeat entries unnoticed.
 */
export interface CursorScope {
  order: "asc" | "desc";
  /** The list and its filters, by the names that they have in the API. */
  filters: Record<string, string | undefined>;
}

const VERSION = 1;
const ORDERS = ["asc", "desc"] as const;
const FILTERS_BYTES = 8;
const CHECKSUM_BYTES = 6;
const POSITION_START = 2 + FILTERS_BYTES;

/** Encodes an opaque cursor: version, order, digest of the filters, the store's position, checksum. */
export function encodeCursor(position: string, { order, filters }: CursorScope): string {
  const head = Buffer.from([VERSION, ORDERS.indexOf(order)]);
  const body = Buffer.concat([head, digest(filters), Buffer.from(position, "utf8")]);
  return Buffer.concat([body, checksum(body)]).toString("base64url");
}

/**
 * Decodes the store's position in a cursor, if there is one.
 *
 * @throws {InvalidInput} `invalid_cursor` for a text that `encodeCursor` never made, or made for another scope
 */
export function decodeCursor(cursor: string | undefined, { order, filters }: CursorScope): string | undefined {
  if (cursor === undefined) return undefined;
  const bytes = Buffer.from(cursor, "base64url");
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  const isOurs =
    body.length >= POSITION_START &&
    bytes.toString("base64url") === cursor && // the decoder skips characters that it does not know
    checksum(body).equals(bytes.subarray(-CHECKSUM_BYTES)) &&
    body[0] === VERSION;
  if (!isOurs) throw invalidCursor("the cursor was not made by this service");
  // The filters first, because the order of another list tells the caller nothing.
  if (!body.subarray(2, POSITION_START).equals(digest(filters))) {
    throw invalidCursor("the cursor belongs to another list, or to other filters, such as another topic");
  }
  const given = ORDERS[body[1] as number];
  if (given !== order) throw invalidCursor(`the cursor belongs to order=${given}, not to order=${order}`);
  return body.toString("utf8", POSITION_START);
}

function invalidCursor(detail: string): InvalidInput {
  return new InvalidInput({ code: "invalid_cursor", status: 400, detail });
}

function digest(filters: CursorScope["filters"]): Buffer {
  const given = Object.entries(filters)
    .filter(([, value]) => value !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return sha256(JSON.stringify(given)).subarray(0, FILTERS_BYTES);
}

function checksum(body: Buffer): Buffer {
  return sha256(body).subarray(0, CHECKSUM_BYTES);
}

function sha256(content: string | Buffer): Buffer {
  return createHash("sha256").update(content).digest();
}
