import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeReceipt, encodeReceipt, receiptOwner } from "./receipt.ts";
import { createSigner } from "./signer.ts";

const signer = createSigner(["a signing key that has at least 32 characters"]);

const receipts = fc.record({
  frameId: fc.uuid(),
  firstEvent: fc.nat(),
  count: fc.nat(),
  receivedAtMs: fc.integer({ min: 0, max: 2 ** 47 }),
  owner: fc.option(fc.string({ minLength: 1 }), { nil: undefined }).map(receiptOwner),
});

describe("receipts", () => {
  it("a receipt is decoded from its id", () => {
    fc.assert(
      fc.property(receipts, (receipt) => {
        expect(decodeReceipt(encodeReceipt(receipt, signer), signer)).toEqual(receipt);
      }),
    );
  });

  it("a mistyped receipt id is refused", () => {
    const ids = receipts.map((receipt) => encodeReceipt(receipt, signer));
    const mistyped = fc.tuple(ids, fc.nat({ max: 71 }), fc.constantFrom(..."abcXYZ019-_"));
    fc.assert(
      fc.property(mistyped, ([id, at, letter]) => {
        fc.pre(id[at] !== letter);
        expect(() => decodeReceipt(id.slice(0, at) + letter + id.slice(at + 1), signer)).toThrow("no receipt");
      }),
    );
    for (const id of ["", "x", "%00", "AAAA"]) expect(() => decodeReceipt(id, signer)).toThrow("no receipt");
  });

  it("a receipt that was signed with another key is refused", () => {
    const forger = createSigner(["another key that has at least 32 characters"]);
    fc.assert(
      fc.property(receipts, (receipt) => {
        expect(() => decodeReceipt(encodeReceipt(receipt, forger), signer)).toThrow("no receipt");
      }),
    );
  });

  it("the id of a receipt does not contain the name of its key", () => {
    const owner = receiptOwner("shop-producer");
    expect(owner).not.toBe(receiptOwner("shop"));
    expect(owner).not.toBe(receiptOwner(undefined));
    const id = encodeReceipt({ frameId: "", firstEvent: 0, count: 1, receivedAtMs: 1, owner }, signer);
    expect(Buffer.from(id, "base64url").toString("latin1")).not.toContain("shop");
  });
});
