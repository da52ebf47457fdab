import { expect, test } from "vitest";
import { createSigner } from "./signer.ts";

const OLD = "old key of thirty-two characters or more";
const NEW = "new key of thirty-two characters or more";
const content = Buffer.from("content");

test("a signature is verified with its key, its kind and its content, and with no other", () => {
  const signer = createSigner([NEW]);
  const signature = signer.sign("cursor", content);
  expect(signer.isSigned("cursor", content, signature)).toBe(true);
  expect(signer.isSigned("receipt", content, signature)).toBe(false);
  expect(signer.isSigned("cursor", Buffer.from("other"), signature)).toBe(false);
  expect(signer.isSigned("cursor", content, signature.subarray(1))).toBe(false);
  expect(createSigner([OLD]).isSigned("cursor", content, signature)).toBe(false);
});

test("the first key signs, and every key verifies, so that keys can be replaced one process at a time", () => {
  const before = createSigner([OLD]);
  const knowing = createSigner([OLD, NEW]);
  const changed = createSigner([NEW, OLD]);
  expect(knowing.sign("receipt", content)).toEqual(before.sign("receipt", content));
  for (const [one, other] of [
    [before, knowing],
    [knowing, changed],
    [changed, knowing],
    [before, changed],
  ] as const) {
    expect(other.isSigned("receipt", content, one.sign("receipt", content))).toBe(true);
  }
});
