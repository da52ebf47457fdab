import { InvalidInput } from "@tidemark/domain/errors";
import { createSigner } from "@tidemark/domain/signer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CursorScope, createCursors } from "./cursor.ts";

const KEY = "a signing key that has at least 32 characters";
const { encode, decode } = createCursors(createSigner([KEY]));

const anyScope: fc.Arbitrary<CursorScope> = fc.record({
  order: fc.constantFrom("asc", "desc"),
  filters: fc.record({ topic: fc.option(fc.string({ unit: "grapheme" }), { nil: undefined }) }),
});
const anyPosition = fc.string({ unit: "grapheme" });

const scope: CursorScope = { order: "desc", filters: { topic: "user.login" } };

test("a cursor is decoded to its position in its own scope", () => {
  fc.assert(
    fc.property(anyPosition, anyScope, (position, anywhere) => {
      expect(decode(encode(position, anywhere), anywhere)).toBe(position);
    }),
  );
});

test("a cursor needs no escaping in an address", () => {
  fc.assert(
    fc.property(anyPosition, (position) => {
      expect(encode(position, scope)).toMatch(/^[A-Za-z0-9_-]+$/);
    }),
  );
});

test("every mutation of a cursor is refused", () => {
  const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ ."];
  fc.assert(
    fc.property(anyPosition, fc.nat(), fc.constantFrom(...letters, ""), (position, at, letter) => {
      const cursor = encode(position, scope);
      const index = at % cursor.length;
      const mutation = cursor.slice(0, index) + letter + cursor.slice(index + 1);
      fc.pre(mutation !== cursor);
      expect(() => decode(mutation, scope)).toThrow(InvalidInput);
    }),
  );
});

test("a text that was never a cursor is refused", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "grapheme" }), fc.base64String()), (text) => {
      expect(() => decode(text, scope)).toThrow(/the cursor (was not made by this service|is of an earlier release)/);
    }),
  );
});

test("a cursor that was signed with another key is refused", () => {
  const forged = createCursors(createSigner(["another key that has at least 32 characters"])).encode("7", scope);
  expect(() => decode(forged, scope)).toThrow("the cursor was not made by this service");
});

test("a cursor of a release that did not sign cursors is refused with the reason", () => {
  // GET /events?topic=user.login of version 0.1.0.
  expect(() => decode("AQGvMHU0fWBdDTLDRn-LtZ0", scope)).toThrow("the cursor is of an earlier release");
});

test("a cursor of another order is refused with the reason", () => {
  const cursor = encode("7", { ...scope, order: "asc" });
  expect(() => decode(cursor, scope)).toThrow("the cursor belongs to order=asc, not to order=desc");
});

test("a cursor of other filters is refused with the reason", () => {
  const cursor = encode("7", { ...scope, filters: {} });
  expect(() => decode(cursor, scope)).toThrow("other filters");
});
