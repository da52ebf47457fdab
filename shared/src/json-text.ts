/**
 * Looks at JSON as bytes. Events are stored as the text their producer wrote, so that every digit of every number comes
 * back; JSON.parse would round them. These functions find where things are in that text and what in it a store could
 * not hold. They never recurse: nesting costs a counter.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SMALL_U = 0x75;

/** Something that is JSON, yet that PostgreSQL's jsonb refuses. `offset` is a byte offset into the text. */
export interface JsonFault {
  offset: number;
  reason: string;
}

export interface JsonScan {
  /** Deepest nesting of arrays and objects; 0 for a bare string or number. */
  depth: number;
  /** Commas directly inside the outermost array or object. */
  outerCommas: number;
  faults: JsonFault[];
}

const MAX_FAULTS = 100;
// A number shorter than this can leave PostgreSQL's numeric range only through its exponent.
const LONG_NUMBER = 16_000;
// numeric_in gives up on larger exponents, even those of a zero (set_var_from_str in numeric.c).
const MAX_EXPONENT = 1_000_000_000;

/**
 * One pass over the text: how deep it nests and what in it jsonb could not hold (escaped NUL, lone surrogates, numbers
 * outside the range of `numeric`). About 1 ns a byte. Valid JSON gets an exact answer, anything else a harmless one.
 */
export function scanJson(bytes: Uint8Array): JsonScan {
  const length = bytes.length;
  const faults: JsonFault[] = [];
  let depth = 0;
  let deepest = 0;
  let outerCommas = 0;
  let at = 0;
  while (at < length) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      at++;
      while (at < length && bytes[at] !== QUOTE) {
        if (bytes[at] === BACKSLASH) at = skipEscape(bytes, at, faults);
        else at++;
      }
      at++;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
      if (depth > deepest) deepest = depth;
      at++;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--;
      at++;
    } else if (byte === COMMA) {
      if (depth === 1) outerCommas++;
      at++;
    } else if (isNumberStart(byte)) {
      at = skipNumber(bytes, at, faults);
    } else {
      at++;
    }
  }
  return { depth: deepest, outerCommas, faults };
}

/** From the backslash at `at` to the first byte after the escape; a surrogate pair is one escape. */
function skipEscape(bytes: Uint8Array, at: number, faults: JsonFault[]): number {
  if (bytes[at + 1] !== SMALL_U) return at + 2;
  const unit = hexUnit(bytes, at + 2);
  if (unit === 0) addFault(faults, at, "\\u0000 cannot be stored");
  if (unit < 0xd800 || unit > 0xdfff) return at + 6;
  const isPair =
    unit < 0xdc00 &&
    bytes[at + 6] === BACKSLASH &&
    bytes[at + 7] === SMALL_U &&
    (hexUnit(bytes, at + 8) & 0xfc00) === 0xdc00;
  if (isPair) return at + 12;
  addFault(faults, at, "a lone surrogate is not a character");
  return at + 6;
}

function hexUnit(bytes: Uint8Array, at: number): number {
  return Number.parseInt(String.fromCharCode(...bytes.subarray(at, at + 4)), 16);
}

function isNumberStart(byte: number): boolean {
  return byte === 0x2d || (byte >= 0x30 && byte <= 0x39);
}

function skipNumber(bytes: Uint8Array, start: number, faults: JsonFault[]): number {
  let at = start;
  let hasExponent = false;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x30 && byte <= 0x39) continue;
    if (byte === 0x65 || byte === 0x45) hasExponent = true;
    else if (byte !== 0x2b && byte !== 0x2d && byte !== 0x2e) break;
  }
  if (hasExponent || at - start > LONG_NUMBER) {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, at - start).toString("latin1");
    if (!isStorableNumber(text)) addFault(faults, start, "this number is outside the range that can be stored");
  }
  return at;
}

function addFault(faults: JsonFault[], offset: number, reason: string): void {
  if (faults.length < MAX_FAULTS) faults.push({ offset, reason });
}

/**
 * Whether PostgreSQL's `numeric` can hold a JSON number: at most 131,072 digits before the decimal point and 16,383
 * after it (PostgreSQL manual, 8.1.2 "Arbitrary Precision Numbers").
 */
export function isStorableNumber(text: string): boolean {
  const { digits, scale } = splitNumber(text);
  if (scale > 16_383 || scale < -MAX_EXPONENT) return false;
  return digits === "" || digits.length - scale <= 131_072;
}

/**
 * A JSON number as value = 0.digits * 10^..., in exact parts: its digits without leading zeros and its scale, the
 * number of them that stand after the decimal point (negative when zeros follow them).
 */
function splitNumber(text: string): { negative: boolean; digits: string; scale: number } {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return { negative: false, digits: "", scale: 0 };
  const [, sign, whole = "", fraction = "", exponent = "0"] = match;
  const digits = (whole + fraction).replace(/^0+/, "");
  return { negative: sign === "-", digits, scale: fraction.length - Number(exponent) };
}

/** The same text for numbers of the same value: `1`, `1.0` and `10e-1` are one number, and so are `0` and `-0`. */
function canonicalNumber(text: string): string {
  const { negative, digits, scale } = splitNumber(text);
  const trimmed = digits.replace(/0+$/, "");
  if (trimmed === "") return "0";
  return `${negative ? "-" : ""}${trimmed}e${digits.length - trimmed.length - scale}`;
}

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

/** Where a value stands in a text: from its first byte up to, and without, the byte after its last. */
export interface Span {
  start: number;
  end: number;
}

/** A member of an object: its key, unescaped, and where its value stands. */
export interface Member extends Span {
  key: string;
}

/** The items of the array that begins at `start`. The text must be valid JSON. */
export function arrayItems(bytes: Uint8Array, start: number): Span[] {
  const items: Span[] = [];
  let at = skipSpace(bytes, start + 1);
  while (bytes[at] !== CLOSE_BRACKET) {
    const end = valueEnd(bytes, at);
    items.push({ start: at, end });
    at = skipSpace(bytes, end);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
  }
  return items;
}

/** The members of the object that begins at `start`, in their order, repeated keys included. The text must be valid JSON. */
export function objectMembers(bytes: Uint8Array, start: number): Member[] {
  const members: Member[] = [];
  let at = skipSpace(bytes, start + 1);
  while (bytes[at] !== CLOSE_BRACE) {
    const keyEnd = valueEnd(bytes, at);
    const key = readString(bytes, at, keyEnd);
    at = skipSpace(bytes, keyEnd);
    if (bytes[at] !== COLON) throw new Error(`not a JSON object: no colon at byte ${at}`);
    const valueStart = skipSpace(bytes, at + 1);
    const end = valueEnd(bytes, valueStart);
    members.push({ key, start: valueStart, end });
    at = skipSpace(bytes, end);
    if (bytes[at] === COMMA) at = skipSpace(bytes, at + 1);
  }
  return members;
}

/** The string whose quotes are the first and last byte of the span. */
export function readString(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
  return text.includes("\\") ? (JSON.parse(text) as string) : text.slice(1, -1);
}

export function skipSpace(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}

/** The byte after the value that begins at `start`. The text must be valid JSON. */
function valueEnd(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === QUOTE) return stringEnd(bytes, start);
  let at = start;
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    while (at < bytes.length && !endsScalar(bytes[at] as number)) at++;
    if (at === start) throw new Error(`not JSON: no value at byte ${start}`);
    return at;
  }
  let depth = 0;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = stringEnd(bytes, at);
      continue;
    }
    at++;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return at;
  }
  throw new Error(`not JSON: the value at byte ${start} has no end`);
}

function stringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= 0x20;
}

/**
 * The JSON Pointer (RFC 6901) of the innermost value that stands at a byte offset, walking at most `maxDepth` levels down.
 * The text must be valid JSON.
 */
export function pointerAt(bytes: Uint8Array, offset: number, maxDepth: number): string {
  let pointer = "";
  let at = skipSpace(bytes, 0);
  for (let level = 0; level < maxDepth; level++) {
    const step = childAt(bytes, at, offset);
    if (step === undefined) break;
    pointer += `/${step.token}`;
    at = step.start;
  }
  return pointer;
}

function childAt(bytes: Uint8Array, start: number, offset: number): { token: string; start: number } | undefined {
  if (bytes[start] === OPEN_BRACKET) {
    const items = arrayItems(bytes, start);
    const index = items.findIndex((item) => item.start <= offset && offset < item.end);
    return index < 0 ? undefined : { token: String(index), start: (items[index] as Span).start };
  }
  if (bytes[start] === OPEN_BRACE) {
    const member = objectMembers(bytes, start).find(({ start, end }) => start <= offset && offset < end);
    return member && { token: escapePointer(member.key), start: member.start };
  }
  return undefined;
}

/** One token of a JSON Pointer, `~` and `/` escaped (RFC 6901, section 3). */
export function escapePointer(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The byte offset of the first array or object that stands deeper than `depth` levels, or -1. */
export function offsetDeeperThan(bytes: Uint8Array, depth: number): number {
  let level = 0;
  let at = 0;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = stringEnd(bytes, at);
      continue;
    }
    if ((byte === OPEN_BRACE || byte === OPEN_BRACKET) && ++level > depth) return at;
    if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) level--;
    at++;
  }
  return -1;
}
