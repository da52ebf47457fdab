import { isAttribute } from "@tidemark/domain/event";
import { toUtcMicroseconds } from "@tidemark/domain/timestamp";
import { objectMembers, readString, skipSpace } from "@tidemark/json/text";

/**
 * Rewrites a valid event that a store could not read unchanged: moves its other fields to `attributes`, and its timestamp
 * to UTC. Every value is cut out of the event's own text, so that numbers keep all their digits.
 */
export function rewriteEvent(bytes: Buffer): Buffer {
  const fields = new Map<string, string>();
  const attributes = new Map<string, string>();
  for (const { key, start, end } of objectMembers(bytes, skipSpace(bytes, 0))) {
    const members = isAttribute(key) ? attributes : fields;
    members.set(key, key === "timestamp" ? utcText(readString(bytes, start, end)) : bytes.toString("utf8", start, end));
  }
  if (attributes.size > 0) fields.set("attributes", objectText(attributes));
  return Buffer.from(objectText(fields));
}

function utcText(timestamp: string): string {
  return JSON.stringify(toUtcMicroseconds(timestamp));
}

/** Writes an object. The values of `members` are JSON texts. */
export function objectText(members: Map<string, string>): string {
  return `{${Array.from(members, ([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}
