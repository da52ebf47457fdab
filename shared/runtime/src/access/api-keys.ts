import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Client, clientOfKey } from "./client.ts";
import type { KeyEntry } from "./key-entry.ts";

export interface ApiKey {
  client: Client;
  isExpired(nowMs: number): boolean;
}

interface KnownKey extends ApiKey {
  hash: Buffer;
  /** Its entry. */
  content: string;
}

/**
 * The keys of a file, found by their hash. The index stores a MAC of each hash, made with a secret of this process. The
 * time of a look-up therefore reveals nothing about the hashes, and does not depend on the number of keys.
 */
export class ApiKeys {
  readonly #secret = randomBytes(32);
  #keys = new Map<string, KnownKey>();

  constructor(entries: KeyEntry[]) {
    this.replace(entries);
  }

  /** Replaces the entries. A key whose entry is the same as before stays the same key. */
  replace(entries: KeyEntry[]): void {
    const former = this.#keys;
    this.#keys = new Map(
      entries.map((entry) => {
        const mac = this.#macOf(Buffer.from(entry.sha256, "hex"));
        const known = former.get(mac);
        return [mac, known?.content === JSON.stringify(entry) ? known : this.#createKey(mac, entry)];
      }),
    );
  }

  #createKey(mac: string, entry: KeyEntry): KnownKey {
    const expiresAtMs = entry.expires_at === undefined ? Number.POSITIVE_INFINITY : Date.parse(entry.expires_at);
    const isExpired = (nowMs: number) => nowMs >= expiresAtMs;
    const key: KnownKey = {
      hash: Buffer.from(entry.sha256, "hex"),
      content: JSON.stringify(entry),
      client: clientOfKey(entry, () => this.#keys.get(mac) === key && !isExpired(Date.now())),
      isExpired,
    };
    return key;
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
