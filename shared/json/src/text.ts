import { isStorableNumber } from "./number.ts";

/**
 * Reads JSON as bytes. Events are stored as the text that their producer wrote, so that every digit of every number is kept;
 * JSON.parse would round them. These functions find the places of values in that text, and values that a store could not
 * hold. They do not recurse: nesting costs a counter.
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

/** A place of a JSON text that PostgreSQL's jsonb refuses. `offset` is a byte offset into the text. */
export interface JsonFault {
  offset: number;
  reason: string;
}

export interface JsonScan {
  /** The deepest nesting of arrays and objects; 0 for a bare string or number. */
  depth: number;
  /** The number of commas directly inside the outermost array or object. */
  outerCommas: number;
  /** The number of commas one level deeper. */
  innerCommas: number;
  /** Whether every array and object that opens also closes. */
  isBalanced: boolean;
  faults: JsonFault[];
}

const MAX_FAULTS = 100;
// A shorter number can be outside the range of PostgreSQL's numeric only because of its exponent.
const LONG_NUMBER = 16_000;

/**
 * Finds in one pass how deep a text nests and what jsonb could not hold: escaped NUL, lone surrogates, numbers outside the
 * range of `numeric`. Takes about 1 ns a byte. The answer is exact for valid JSON; for any other text it is arbitrary.
 */
export function scanJson(bytes: Uint8Array): JsonScan {
  const length = bytes.length;
  const faults: JsonFault[] = [];
  let depth = 0;
  let deepest = 0;
  let outerCommas = 0;
  let innerCommas = 0;
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
      else if (depth === 2) innerCommas++;
      at++;
    } else if (isNumberStart(byte)) {
      at = skipNumber(bytes, at, faults);
    } else {
      at++;
    }
  }
  return { depth: deepest, outerCommas, innerCommas, isBalanced: depth === 0, faults };
}

/** Returns the offset of the first byte after the escape at `at`. A surrogate pair is one escape. */
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

/** Reads four hexadecimal digits. For other bytes the result is arbitrary. */
function hexUnit(bytes: Uint8Array, at: number): number {
  let unit = 0;
  for (let place = at; place < at + 4; place++) {
    const byte = bytes[place] ?? 0;
    unit = unit * 16 + (byte <= 0x39 ? byte - 0x30 : (byte & 0xdf) - 0x37); // 0-9; A-F and a-f
  }
  return unit;
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

/** The place of a value in a text: the offset of its first byte, and the offset after its last byte. */
export interface Span {
  start: number;
  end: number;
}

/** A member of an object: its unescaped key, and the place of its value. */
export interface Member extends Span {
  key: string;
}

/** Lists the items of the array that begins at `start`. The text must be valid JSON. */
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

/** Lists the members of the object that begins at `start`, in their order and with repeated keys. The text must be valid JSON. */
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

/** Reads the string whose quotes are the first and the last byte of the span. */
export function readString(bytes: Uint8Array, start: number, end: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
  return text.includes("\\") ? (JSON.parse(text) as string) : text.slice(1, -1);
}

export function skipSpace(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++;
  return at;
}

/** Returns the offset after the value that begins at `start`. The text must be valid JSON. */
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

/** Returns the offset after the closing quote of the string that begins at `start`. */
export function stringEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function endsScalar(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte <= 0x20;
}
