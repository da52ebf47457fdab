import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Client, clientOfKey } from "./client.ts";
import type { KeyEntry } from "./key-entry.ts";

export interface ApiKey {
  client: Client;
  isExpired(nowMs: number): boolean;
}

/**
 * The keys of a file, found by their hash. The index holds each hash under a MAC with a secret of this process. The time
 * of a look-up therefore tells nothing about the hashes, and does not depend on the number of keys.
 */
export class ApiKeys {
  readonly #secret = randomBytes(32);
  #keys = new Map<string, ApiKey & { hash: Buffer }>();

  constructor(entries: KeyEntry[]) {
    this.replace(entries);
  }

  replace(entries: KeyEntry[]): void {
    this.#keys = new Map(
      entries.map((entry) => {
        const hash = Buffer.from(entry.sha256, "hex");
        const expiresAtMs = entry.expires_at === undefined ? Number.POSITIVE_INFINITY : Date.parse(entry.expires_at);
        return [
          this.#macOf(hash),
          { hash, client: clientOfKey(entry), isExpired: (nowMs: number) => nowMs >= expiresAtMs },
        ];
      }),
    );
  }

  find(presented: string): ApiKey | undefined {
    const hash = createHash("sha256").update(presented).digest();
    const key = this.#keys.get(this.#macOf(hash));
    return key !== undefined && timingSafeEqual(key.hash, hash) ? key : undefined;
  }

  #macOf(hash: Buffer): string {
    return createHmac("sha256", this.#secret).update(hash).digest("base64");
  }
}
