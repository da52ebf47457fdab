import { createHash } from "node:crypto";
import { InvalidInput } from "./errors.ts";

/**
 * The place of a request's events in a frame. The id of a receipt contains all of it, so that a mistyped id is recognised
 * without a look-up, also while the frame is not applied yet.
 */
export interface Receipt {
  frameId: string;
  /** The index of the request's first event in the frame. */
  firstEvent: number;
  /** The number of events of the request. */
  count: number;
  /** The time at which the request was received, milliseconds since the epoch. */
  receivedAtMs: number;
}

const BYTES = 16 + 4 + 4 + 6;
const CHECKSUM_BYTES = 4;

export function encodeReceipt({ frameId, firstEvent, count, receivedAtMs }: Receipt): string {
  const bytes = Buffer.alloc(BYTES);
  bytes.write(frameId.replaceAll("-", ""), 0, 16, "hex");
  bytes.writeUInt32BE(firstEvent, 16);
  bytes.writeUInt32BE(count, 20);
  bytes.writeUIntBE(receivedAtMs, 24, 6);
  return Buffer.concat([bytes, checksum(bytes)]).toString("base64url");
}

/** @throws {InvalidInput} 404 for a text that is not the id of a receipt */
export function decodeReceipt(id: string): Receipt {
  const bytes = Buffer.from(id, "base64url");
  const body = bytes.subarray(0, BYTES);
  const isReceiptId =
    bytes.length === BYTES + CHECKSUM_BYTES &&
    bytes.toString("base64url") === id &&
    checksum(body).equals(bytes.subarray(BYTES));
  if (!isReceiptId) throw new InvalidInput({ code: "not_found", status: 404, detail: "no receipt has this id" });
  const hex = body.toString("hex", 0, 16);
  return {
    frameId: [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-"),
    firstEvent: body.readUInt32BE(16),
    count: body.readUInt32BE(20),
    receivedAtMs: body.readUIntBE(24, 6),
  };
}

function checksum(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes).digest().subarray(0, CHECKSUM_BYTES);
}
