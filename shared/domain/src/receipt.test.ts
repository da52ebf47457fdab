import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeReceipt, encodeReceipt } from "./receipt.ts";

const receipts = fc.record({
  frameId: fc.uuid(),
  firstEvent: fc.nat(),
  count: fc.nat(),
  receivedAtMs: fc.integer({ min: 0, max: 2 ** 47 }),
});

describe("receipts", () => {
  it("a receipt is decoded from its id", () => {
    fc.assert(
      fc.property(receipts, (receipt) => {
        expect(decodeReceipt(encodeReceipt(receipt))).toEqual(receipt);
      }),
    );
  });

  it("a mistyped receipt id is refused", () => {
    const mistyped = fc.tuple(receipts.map(encodeReceipt), fc.nat({ max: 44 }), fc.constantFrom(..."abcXYZ019-_"));
    fc.assert(
      fc.property(mistyped, ([id, at, letter]) => {
        fc.pre(id[at] !== letter);
        expect(() => decodeReceipt(id.slice(0, at) + letter + id.slice(at + 1))).toThrow("no receipt");
      }),
    );
    for (const id of [
      "",
      "x",
      "%00",
      encodeReceipt({ frameId: "", firstEvent: 0, count: 0, receivedAtMs: 0 }).slice(1),
    ]) {
      expect(() => decodeReceipt(id)).toThrow("no receipt");
    }
  });
});
