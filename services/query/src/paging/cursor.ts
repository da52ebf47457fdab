import { createHash } from "node:crypto";
import { InvalidInput } from "@tidemark/domain/errors";
import { SIGNATURE_BYTES, type Signer } from "@tidemark/domain/signer";

/**
 * The list that a cursor belongs to. A cursor is refused with another order or other filters, because its position
 * would then mean another place, and a scan would skip or repeat entries unnoticed.
 */
export interface CursorScope {
  order: "asc" | "desc";
  /** The list and its filters, by the names that they have in the API. */
  filters: Record<string, string | undefined>;
}

/** Writes and reads the cursors of all lists and streams. */
export interface Cursors {
  /** Encodes an opaque cursor: version, order, digest of the filters, the store's position, signature. */
  encode(position: string, scope: CursorScope): string;
  /**
   * Decodes the store's position in a cursor, if there is one.
   *
   * @throws {InvalidInput} `invalid_cursor` for a text that this service did not issue, or issued for another scope
   */
  decode(cursor: string | undefined, scope: CursorScope): string | undefined;
}

const VERSION = 2;
/** Cursors of this version had a checksum in place of the signature. */
const UNSIGNED_VERSION = 1;
const ORDERS = ["asc", "desc"] as const;
const FILTERS_BYTES = 8;
const POSITION_START = 2 + FILTERS_BYTES;

export function createCursors(signer: Signer): Cursors {
  return {
    encode(position, { order, filters }) {
      const head = Buffer.from([VERSION, ORDERS.indexOf(order)]);
      const body = Buffer.concat([head, digest(filters), Buffer.from(position, "utf8")]);
      return Buffer.concat([body, signer.sign("cursor", body)]).toString("base64url");
    },

    decode(cursor, scope) {
      if (cursor === undefined) return undefined;
      const bytes = Buffer.from(cursor, "base64url");
      const body = bytes.subarray(0, -SIGNATURE_BYTES);
      const isOurs =
        body.length >= POSITION_START &&
        bytes.toString("base64url") === cursor && // the decoder skips characters that it does not know
        signer.isSigned("cursor", body, bytes.subarray(-SIGNATURE_BYTES)) &&
        body[0] === VERSION;
      if (!isOurs) throw foreignCursor(bytes);
      return readPosition(body, scope);
    },
  };
}

function readPosition(body: Buffer, { order, filters }: CursorScope): string {
  // The filters are checked first, because the order of another list does not help the caller.
  if (!body.subarray(2, POSITION_START).equals(digest(filters))) {
    throw invalidCursor("the cursor belongs to another list, or to other filters, such as another topic");
  }
  const given = ORDERS[body[1] as number];
  if (given !== order) throw invalidCursor(`the cursor belongs to order=${given}, not to order=${order}`);
  return body.toString("utf8", POSITION_START);
}

function foreignCursor(bytes: Buffer): InvalidInput {
  return bytes[0] === UNSIGNED_VERSION
    ? invalidCursor("the cursor is of an earlier release, which did not sign cursors; begin again without it")
    : invalidCursor("the cursor was not made by this service, or its signing key was replaced; begin again without it");
}

function invalidCursor(detail: string): InvalidInput {
  return new InvalidInput({ code: "invalid_cursor", status: 400, detail });
}

function digest(filters: CursorScope["filters"]): Buffer {
  const given = Object.entries(filters)
    .filter(([, value]) => value !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(given)).digest().subarray(0, FILTERS_BYTES);
}
