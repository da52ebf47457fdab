import { isStorableNumber, isStorableSize } from "./number.ts";
import type { FaultList } from "./scan.ts";

// Each function returns the offset after its token; for a token that is not JSON, the complement (`~`) of the offset at
// which it stops being JSON.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;

/** Reads the string whose opening quote is at `start`. */
export function scanString(bytes: Uint8Array, start: number, faults: FaultList): number {
  const { length } = bytes;
  let at = start + 1;
  while (at >= 0 && at < length) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH) at = scanEscape(bytes, at, faults);
    else if (byte < 0x20)
      return ~at; // a control character must be escaped
    else at++;
  }
  return at < 0 ? at : ~length;
}

/** The letters of escapes of one character: `"`, `\`, `/`, b, f, n, r and t. */
const LETTERS = new Set([0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74]);

/** Reads the escape at `at`. A surrogate pair is one escape. */
function scanEscape(bytes: Uint8Array, at: number, faults: FaultList): number {
  const letter = bytes[at + 1];
  if (letter !== SMALL_U) return LETTERS.has(letter as number) ? at + 2 : ~(at + 1);
  const unit = hexUnit(bytes, at + 2);
  if (unit < 0) return ~(at + 1);
  if (unit === 0) faults.add(at, "\\u0000 cannot be stored");
  if (unit < 0xd800 || unit > 0xdfff) return at + 6;
  const isPair =
    unit < 0xdc00 &&
    bytes[at + 6] === BACKSLASH &&
    bytes[at + 7] === SMALL_U &&
    (hexUnit(bytes, at + 8) & ~0x3ff) === 0xdc00;
  if (isPair) return at + 12;
  faults.add(at, "a lone surrogate is not a character");
  return at + 6;
}

/** Reads four hexadecimal digits; -1 if there are none. */
function hexUnit(bytes: Uint8Array, at: number): number {
  let unit = 0;
  for (let place = at; place < at + 4; place++) {
    const byte = bytes[place] ?? 0;
    const small = byte | 0x20;
    if (isDigit(byte)) unit = unit * 16 + byte - ZERO;
    else if (small >= 0x61 && small <= 0x66) unit = unit * 16 + small - 0x57;
    else return -1;
  }
  return unit;
}

// A shorter number is outside the range of PostgreSQL's numeric only if its exponent has five digits.
const LONG_NUMBER = 6_000;
const LONG_EXPONENT = 5;

/** Reads the number at `start`. */
export function scanNumber(bytes: Uint8Array, start: number, faults: FaultList): number {
  const whole = bytes[start] === MINUS ? start + 1 : start;
  let at = bytes[whole] === ZERO ? whole + 1 : digitsEnd(bytes, whole);
  const wholeDigits = at - whole;
  if (at > 0 && bytes[at] === POINT) at = digitsEnd(bytes, at + 1);
  if (at < 0) return at;
  const fractionDigits = Math.max(at - whole - wholeDigits - 1, 0);
  let exponentStart = at;
  if (((bytes[at] ?? 0) | 0x20) === 0x65) {
    const sign = bytes[at + 1];
    exponentStart = at + 1;
    at = digitsEnd(bytes, sign === MINUS || sign === PLUS ? at + 2 : at + 1);
    if (at < 0) return at;
  }
  if (at - exponentStart < LONG_EXPONENT && at - start <= LONG_NUMBER) return at;
  const exponent = at === exponentStart ? 0 : readExponent(bytes, exponentStart, at);
  const isStorable =
    bytes[whole] === ZERO
      ? isStorableNumber(latin1(bytes, start, at)) // the fraction may begin with zeros
      : isStorableSize({ wholeDigits, fractionDigits, exponent });
  if (!isStorable) faults.add(start, "this number is outside the range that can be stored");
  return at;
}

// This exponent is larger than that of any number that can be stored.
const LARGE_EXPONENT = 10_000_000_000;

/** Reads an exponent in linear time, up to `LARGE_EXPONENT`. */
function readExponent(bytes: Uint8Array, start: number, end: number): number {
  let size = 0;
  for (let at = start; at < end && size < LARGE_EXPONENT; at++) {
    if (isDigit(bytes[at] as number)) size = size * 10 + (bytes[at] as number) - ZERO;
  }
  return bytes[start] === MINUS ? -size : size;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}

/** Reads one digit or more. */
function digitsEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (isDigit(bytes[at] as number)) at++;
  return at === start ? ~at : at;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

const WORDS = ["true", "false", "null"].map((word) => Buffer.from(word));

/** Reads `true`, `false` or `null`. */
export function scanWord(bytes: Uint8Array, start: number): number {
  const word = WORDS.find((known) => known[0] === bytes[start]);
  if (word === undefined) return ~start;
  for (let index = 1; index < word.length; index++) if (bytes[start + index] !== word[index]) return ~(start + index);
  return start + word.length;
}
