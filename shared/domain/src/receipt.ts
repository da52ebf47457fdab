import { createHash } from "node:crypto";
import { InvalidInput } from "./errors.ts";
import { SIGNATURE_BYTES, type Signer } from "./signer.ts";

/**
 * The place of a request's events in a frame. The id of a receipt contains all these fields and a signature. The
 * service can therefore recognise its own receipts even before the frame is applied.
 */
export interface Receipt {
  frameId: string;
  /** The index of the request's first event in the frame. */
  firstEvent: number;
  /** The number of events of the request. */
  count: number;
  /** The time at which the request was received, milliseconds since the epoch. */
  receivedAtMs: number;
  /** A digest of the name of the key that the request carried; zeros without a key. */
  owner: string;
}

const OWNER_BYTES = 8;
const BYTES = 16 + 4 + 4 + 6 + OWNER_BYTES;

/** Returns the owner of the receipts of a key, or of requests without a key. The digest keeps the name out of the id. */
export function receiptOwner(keyName: string | undefined): string {
  if (keyName === undefined) return "00".repeat(OWNER_BYTES);
  return createHash("sha256").update(keyName).digest().toString("hex", 0, OWNER_BYTES);
}

export function encodeReceipt({ frameId, firstEvent, count, receivedAtMs, owner }: Receipt, signer: Signer): string {
  const bytes = Buffer.alloc(BYTES);
  bytes.write(frameId.replaceAll("-", ""), 0, 16, "hex");
  bytes.writeUInt32BE(firstEvent, 16);
  bytes.writeUInt32BE(count, 20);
  bytes.writeUIntBE(receivedAtMs, 24, 6);
  bytes.write(owner, 30, OWNER_BYTES, "hex");
  return Buffer.concat([bytes, signer.sign("receipt", bytes)]).toString("base64url");
}

/** @throws {InvalidInput} 404 for a text that is not the id of a receipt of this service */
export function decodeReceipt(id: string, signer: Signer): Receipt {
  const bytes = Buffer.from(id, "base64url");
  const body = bytes.subarray(0, BYTES);
  const isReceiptId =
    bytes.length === BYTES + SIGNATURE_BYTES &&
    bytes.toString("base64url") === id &&
    signer.isSigned("receipt", body, bytes.subarray(BYTES));
  if (!isReceiptId) throw unknownReceipt();
  const hex = body.toString("hex", 0, 16);
  return {
    frameId: [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-"),
    firstEvent: body.readUInt32BE(16),
    count: body.readUInt32BE(20),
    receivedAtMs: body.readUIntBE(24, 6),
    owner: body.toString("hex", 30, 30 + OWNER_BYTES),
  };
}

/** The error for an id that this service has not issued, or has issued to another client. */
export function unknownReceipt(): InvalidInput {
  return new InvalidInput({ code: "not_found", status: 404, detail: "no receipt has this id" });
}
