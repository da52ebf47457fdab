import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

/** The kinds of signed texts that clients present again. A signature of one kind is not valid for another. */
export type Signed = "receipt" | "cursor";

/** Signs the texts that the service issues, so that it recognises them and clients cannot forge them. */
export interface Signer {
  sign(kind: Signed, content: Buffer): Buffer;
  /** Whether one of the keys has signed this content. Takes the same time for any wrong signature. */
  isSigned(kind: Signed, content: Buffer, signature: Buffer): boolean;
}

/** Half of an HMAC-SHA-256, which is as hard to guess as a key of 128 bits (RFC 2104, section 5). */
export const SIGNATURE_BYTES = 16;

/**
 * Creates a signer. The first key signs and every key verifies, so that texts signed with an old key stay valid while
 * keys are replaced.
 */
export function createSigner(keys: readonly string[]): Signer {
  const derived = { receipt: keys.map(deriveKey("receipt")), cursor: keys.map(deriveKey("cursor")) };
  const signWith = (key: Buffer, content: Buffer) =>
    createHmac("sha256", key).update(content).digest().subarray(0, SIGNATURE_BYTES);
  return {
    sign: (kind, content) => signWith(derived[kind][0] as Buffer, content),
    isSigned: (kind, content, signature) =>
      signature.length === SIGNATURE_BYTES &&
      derived[kind].some((key) => timingSafeEqual(signWith(key, content), signature)),
  };
}

/** RFC 5869: a key for each kind. */
function deriveKey(kind: Signed) {
  return (key: string): Buffer => Buffer.from(hkdfSync("sha256", key, "", `tidemark ${kind}`, 32));
}
