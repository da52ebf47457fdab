import { createHash, randomBytes } from "node:crypto";
import { InvalidKeysFile, type KeyEntry, parseKeysFile } from "@tidemark/runtime/access/key-entry";
import { KeysFileFault } from "./keys-file.ts";
import { expiryOf, type KeysOptions } from "./options.ts";

/** The beginning by which secret scanners recognise a key. */
const KEY_PREFIX = "tdm_";
const KEY_BYTES = 32;

/** Creates a key and its entry. The entry has the rights of the former entry where the options set none. */
export function createEntry(
  options: KeysOptions,
  { former, nowMs }: { former: KeyEntry | undefined; nowMs: number },
): { key: string; entry: KeyEntry } {
  const { name, scopes, topics, expires } = options;
  const key = `${KEY_PREFIX}${randomBytes(KEY_BYTES).toString("base64url")}`;
  const limits = {
    events_per_second: options.eventsPerSecond ?? former?.limits?.events_per_second,
    bytes_per_second: options.bytesPerSecond ?? former?.limits?.bytes_per_second,
  };
  const entry = {
    name,
    sha256: createHash("sha256").update(key).digest("hex"),
    scopes: scopes ?? former?.scopes,
    topics: topics ?? former?.topics,
    limits: Object.values(limits).every((limit) => limit === undefined) ? undefined : limits,
    expires_at: expires === undefined ? former?.expires_at : expiryOf(expires, nowMs),
  };
  try {
    return { key, entry: parseKeysFile(JSON.stringify([entry]))[0] as KeyEntry };
  } catch (error) {
    if (!(error instanceof InvalidKeysFile)) throw error;
    throw new KeysFileFault(error.message.replaceAll(/^\/0\//gm, "--"));
  }
}

/** Describes the rights that a new key takes from the former one. */
export function describeInherited(
  options: KeysOptions,
  { name, scopes, topics, limits, expires_at }: KeyEntry,
): string {
  const { events_per_second: events, bytes_per_second: bytes } = limits ?? {};
  const inherited = [
    options.scopes === undefined && `scopes ${scopes.join(",")}`,
    options.topics === undefined && (topics === undefined ? "all topics" : `topics ${topics.join(",")}`),
    options.eventsPerSecond === undefined && events !== undefined && `${events} events per second`,
    options.bytesPerSecond === undefined && bytes !== undefined && `${bytes} bytes per second`,
    options.expires === undefined && (expires_at === undefined ? "does not expire" : `expires ${expires_at}`),
  ].filter((text) => text !== false);
  return `Taken from the newest entry of ${name}: ${inherited.join("; ") || "nothing, because the options set everything"}.`;
}
