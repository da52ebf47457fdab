import { isAttribute } from "@tidemark/domain/event";
import { toUtcMicroseconds } from "@tidemark/domain/timestamp";
import { objectMembers, readString, skipSpace } from "@tidemark/json/text";

/**
 * An event whose own text a store could not read as it is, written anew: its further fields gathered under `attributes`,
 * its timestamp in UTC. Every value is cut out of the text it came in, so that numbers keep all their digits. The event
 * must have passed validation.
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

/** The text of an object of these members, each a JSON text. */
export function objectText(members: Map<string, string>): string {
  return `{${Array.from(members, ([key, text]) => `${JSON.stringify(key)}:${text}`).join(",")}}`;
}
