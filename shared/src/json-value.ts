import { canonicalNumber } from "./json-number.ts";

/**
 * Whether two JSON texts hold the same value, the way jsonb compares: white space, key order and the spelling of numbers
 * and strings aside, the last of repeated keys counting, every digit significant.
 */
export function isSameJson(left: string, right: string): boolean {
  return left === right || canonicalJson(left) === canonicalJson(right);
}

function canonicalJson(text: string): string {
  return writeCanonical(JSON.parse(text, readExactNumber));
}

class ExactNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function readExactNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" ? new ExactNumber(canonicalNumber(context?.source ?? String(value))) : value;
}

function writeCanonical(value: unknown): string {
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(writeCanonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${writeCanonical(item)}`).join(",")}}`;
}
