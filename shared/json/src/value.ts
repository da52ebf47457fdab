import { canonicalNumber } from "./number.ts";

/**
 * Whether two JSON texts have the same value, compared as jsonb does. White space, the order of keys and the spelling of
 * numbers and strings do not matter. Of repeated keys the last one counts, and every digit is significant. The texts must
 * not contain lone surrogates.
 */
export function isSameJson(left: string, right: string): boolean {
  return left === right || isSame(parseExact(left), parseExact(right));
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;

/**
 * Parses JSON exactly. A number that a double would round becomes a string with a lone surrogate, which no other string has.
 *
 * Escapes are replaced before JSON.parse sees them, because of a bug of V8 13.6. V8 remembers the keys of earlier
 * objects. It confuses a key that contains an escape with a remembered key that begins with the same characters,
 * including the backslash. After `{"a":1,"x\\":2}` it reads `{"a":1,"x\n":2}` as the earlier object.
 */
function parseExact(text: string): unknown {
  const pieces: string[] = [];
  let copied = 0;
  const replace = (start: number, end: number, piece: string) => {
    pieces.push(text.slice(copied, start), piece);
    copied = end;
  };
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at, replace);
    } else if (code === MINUS || isDigit(code)) {
      const end = numberEnd(text, at);
      if (mayBeRounded(text, at, end)) replace(at, end, exactToken(text.slice(at, end)));
      at = end;
    } else at++;
  }
  return JSON.parse(copied === 0 ? text : pieces.join("") + text.slice(copied));
}

/** Replaces the escapes of the string that begins at `start`. Returns the offset after the string. */
function stringEnd(text: string, start: number, replace: (start: number, end: number, piece: string) => void): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== QUOTE) {
    if (text.charCodeAt(at) !== BACKSLASH) {
      at++;
      continue;
    }
    const letter = text.charAt(at + 1);
    const end = letter === "u" ? at + 6 : at + 2;
    const unit = letter === "u" ? Number.parseInt(text.slice(at + 2, end), 16) : unitOfEscape(letter);
    const mustBeEscaped = unit < 0x20 || unit === QUOTE || unit === BACKSLASH;
    replace(at, end, String.fromCharCode(mustBeEscaped ? LONE_SURROGATE + unit : unit));
    at = end;
  }
  return at + 1;
}

function unitOfEscape(letter: string): number {
  return CONTROL_ESCAPES[letter] ?? letter.charCodeAt(0);
}

const CONTROL_ESCAPES: Record<string, number> = { b: 0x08, t: 0x09, n: 0x0a, f: 0x0c, r: 0x0d };
const LONE_SURROGATE = 0xdc00;
const NUMBER_MARK = "\udfff";

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function numberEnd(text: string, start: number): number {
  let at = start;
  while (NUMBER_CHARACTERS.includes(text.charAt(at)) && at < text.length) at++;
  return at;
}

const NUMBER_CHARACTERS = "0123456789.eE+-";

/** Whether a number may be rounded: a double keeps 15 digits. A number with an exponent is examined later. */
function mayBeRounded(text: string, start: number, end: number): boolean {
  if (end - start > 15) return true;
  for (let at = start; at < end; at++) if ((text.charCodeAt(at) | 0x20) === 0x65) return true;
  return false;
}

function exactToken(number: string): string {
  const canonical = canonicalNumber(number);
  const [digits = "", exponent = "0"] = canonical.replace("-", "").split("e");
  const fitsDouble = digits.length <= 15 && Math.abs(Number(exponent)) < 290;
  return fitsDouble ? number : `"${NUMBER_MARK}${canonical}"`;
}

function isSame(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left === null || right === null || typeof left !== "object" || typeof right !== "object") return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, index) => isSame(item, right[index]))
    );
  }
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && isSame(left[key as never], right[key as never]))
  );
}
