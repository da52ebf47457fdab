import { Timestamp, Topic } from "@tidemark/domain/event-schema";
import { SCOPES } from "@tidemark/http-api/scope";
import { z } from "zod";

const MAX_PREFIXES = 100;
const RATE = z.number({ error: "must be a number" }).positive({ error: "must be more than 0" });

/** An entry of the keys file. Several entries may have one name, so that a key can be replaced while both work. */
export const KeyEntry = z.strictObject(
  {
    name: z
      .string({ error: "must be a string" })
      .regex(
        /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
        "must have 1 to 64 characters: letters, digits, `.`, `_` and `-`, and must begin with a letter or a digit",
      ),
    sha256: z
      .string({ error: "must be a string" })
      .regex(/^[0-9a-f]{64}$/i, "must be the SHA-256 of the key: 64 hexadecimal digits")
      .transform((text) => text.toLowerCase()),
    scopes: z
      .array(z.enum(SCOPES, { error: `must be one of ${SCOPES.join(", ")}` }), { error: "must be a list" })
      .min(1, "must name at least one scope"),
    topics: z
      .array(
        Topic.refine((prefix) => prefix.isWellFormed(), { error: "must not contain lone surrogates" }),
        { error: "must be a list" },
      )
      .min(1, "must name at least one prefix; leave it out for all topics")
      .max(MAX_PREFIXES, `must name at most ${MAX_PREFIXES} prefixes`)
      .optional(),
    limits: z
      .strictObject(
        { events_per_second: RATE.optional(), bytes_per_second: RATE.optional() },
        { error: "must be an object with events_per_second or bytes_per_second" },
      )
      .optional(),
    expires_at: Timestamp.optional(),
  },
  { error: (issue) => (issue.code === "unrecognized_keys" ? undefined : "must be an object") },
);

export type KeyEntry = z.infer<typeof KeyEntry>;

/** A keys file is not valid. The message has one line per fault and quotes no value, because that may be a key. */
export class InvalidKeysFile extends Error {
  override readonly name = "InvalidKeysFile";
}

/** @throws {InvalidKeysFile} with all faults at once */
export function parseKeysFile(text: string): KeyEntry[] {
  const parsed = z.array(KeyEntry, { error: "must be a list of keys" }).safeParse(parseJson(text));
  if (!parsed.success) {
    throw new InvalidKeysFile(parsed.error.issues.map(({ path, message }) => faultAt(path, message)).join("\n"));
  }
  const faults = findRepeatedKeys(parsed.data);
  if (faults.length > 0) throw new InvalidKeysFile(faults.join("\n"));
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's message quotes the text around the fault.
    const place = /\(line \d+ column \d+\)/.exec((error as Error).message)?.[0];
    throw new InvalidKeysFile(["is not JSON", place].filter(Boolean).join(" "));
  }
}

function faultAt(path: PropertyKey[], message: string): string {
  return path.length === 0 ? message : `/${path.map(String).join("/")}: ${message}`;
}

function findRepeatedKeys(entries: KeyEntry[]): string[] {
  const first = new Map<string, number>();
  return entries.flatMap(({ sha256 }, index) => {
    const former = first.get(sha256);
    if (former !== undefined) return [faultAt([index, "sha256"], `is the key of /${former} again`)];
    first.set(sha256, index);
    return [];
  });
}
