import { EVENT_FIELDS } from "@tidemark/domain/event";
import { toUtcMicroseconds } from "@tidemark/domain/timestamp";
import { type Member, objectMembers, readString, skipSpace } from "@tidemark/json/text";

/**
 * Rewrites a valid event that a store could not read unchanged: moves its other fields to `attributes`, and its
 * timestamp to UTC. Every member is cut out of the event's own text, so that numbers keep all their digits. The last
 * one of repeated members stays.
 */
export function rewriteEvent(bytes: Buffer): Buffer {
  const fields = new Map<string, Member>();
  const attributes = new Map<string, Member>();
  for (const member of objectMembers(bytes, skipSpace(bytes, 0))) {
    (EVENT_FIELDS.has(member.key) ? fields : attributes).set(member.key, member);
  }
  const parts = new Map<string, Buffer>();
  for (const [name, { start, end }] of fields) {
    const isTimestamp = name === "timestamp";
    parts.set(name, isTimestamp ? utcText(readString(bytes, start, end)) : bytes.subarray(start, end));
  }
  if (attributes.size > 0) parts.set("attributes", cutMembers(bytes, attributes.values()));
  return objectText(parts);
}

function utcText(timestamp: string): Buffer {
  return Buffer.from(JSON.stringify(toUtcMicroseconds(timestamp)));
}

/** Cuts members out of a text and makes an object of them. Adjacent members are cut as one piece. */
export function cutMembers(bytes: Buffer, members: Iterable<Member>): Buffer {
  const pieces: Buffer[] = [];
  let start = 0;
  let end = -1;
  for (const { keyStart, end: memberEnd } of members) {
    const isBeside = end >= 0 && keyStart > end && skipComma(bytes, end) === keyStart;
    if (!isBeside) {
      if (end >= 0) pieces.push(bytes.subarray(start, end), COMMA);
      start = keyStart;
    }
    end = memberEnd;
  }
  return Buffer.concat([OPEN, ...pieces, bytes.subarray(start, Math.max(end, start)), CLOSE]);
}

function skipComma(bytes: Buffer, start: number): number {
  return skipSpace(bytes, skipSpace(bytes, start) + 1);
}

const OPEN = Buffer.from("{");
const CLOSE = Buffer.from("}");
const COMMA = Buffer.from(",");

/** Writes an object. The values of `members` are JSON texts. */
export function objectText(members: Map<string, Buffer>): Buffer {
  const pieces: Buffer[] = [];
  for (const [key, text] of members)
    pieces.push(Buffer.from(`${pieces.length === 0 ? "{" : ","}${JSON.stringify(key)}:`), text);
  return Buffer.concat([...pieces, pieces.length === 0 ? Buffer.from("{}") : CLOSE]);
}
