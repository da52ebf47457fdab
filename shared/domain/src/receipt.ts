import { createHash } from "node:crypto";
import { InvalidInput } from "./errors.ts";

/**
 * A receipt says which events of which frame a request became. Its id carries all of that, so that the receipt of a frame
 * not yet applied can be told from a mistyped one without asking anybody.
 */
export interface Receipt {
  frameId: string;
  /** Index of the request's first event in the frame. */
  firstEvent: number;
  /** Events of the request. */
  count: number;
  /** When the request was taken, milliseconds since the epoch. */
  takenAtMs: number;
}

const BYTES = 16 + 4 + 4 + 6;
const CHECKSUM_BYTES = 4;

export function encodeReceipt({ frameId, firstEvent, count, takenAtMs }: Receipt): string {
  const bytes = Buffer.alloc(BYTES);
  bytes.write(frameId.replaceAll("-", ""), 0, 16, "hex");
  bytes.writeUInt32BE(firstEvent, 16);
  bytes.writeUInt32BE(count, 20);
  bytes.writeUIntBE(takenAtMs, 24, 6);
  return Buffer.concat([bytes, checksum(bytes)]).toString("base64url");
}

/** @throws {InvalidInput} 404 for what was never a receipt's id */
export function decodeReceipt(id: string): Receipt {
  const bytes = Buffer.from(id, "base64url");
  const body = bytes.subarray(0, BYTES);
  const isOurs =
    bytes.length === BYTES + CHECKSUM_BYTES &&
    bytes.toString("base64url") === id &&
    checksum(body).equals(bytes.subarray(BYTES));
  if (!isOurs) throw new InvalidInput({ code: "not_found", status: 404, detail: "no receipt has this id" });
  const hex = body.toString("hex", 0, 16);
  return {
    frameId: [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-"),
    firstEvent: body.readUInt32BE(16),
    count: body.readUInt32BE(20),
    takenAtMs: body.readUIntBE(24, 6),
  };
}

function checksum(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest().subarray(0, CHECKSUM_BYTES);
}
