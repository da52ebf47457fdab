import { cut, MAX_QUOTED_CHARACTERS, shorten } from "./shorten.ts";
import { readString, stringEnd } from "./text.ts";

/** Escapes `~` and `/` in a token of a JSON Pointer (RFC 6901, section 3). */
export function escapePointer(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SMALL_U = 0x75;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** An open array or object during the scan, and the present place in it: an index, or the location of the key. */
interface Level {
  isArray: boolean;
  index: number;
  key: { start: number; end: number } | undefined;
  /** The escaped key, once a pointer has asked for it. */
  token: string | undefined;
}

/**
 * Returns the JSON Pointers (RFC 6901) of the values at byte offsets, in one pass, each cut to `MAX_QUOTED_CHARACTERS`. An
 * offset inside a key gives the pointer of the object. The text must be valid JSON, and the offsets must be ascending.
 *
 * @param maxDepth the maximum number of tokens of a pointer
 */
export function pointersAt(bytes: Uint8Array, offsets: number[], maxDepth: number): string[] {
  const pointers: string[] = [];
  const levels: Level[] = []; // at most maxDepth
  let depth = 0;
  const pointTo = (end: number, isKey: boolean) => {
    while (pointers.length < offsets.length && (offsets[pointers.length] as number) < end) {
      pointers.push(pointerOf(bytes, isKey ? levels.slice(0, -1) : levels));
    }
  };
  for (let at = 0; at < bytes.length && pointers.length < offsets.length; ) {
    const byte = bytes[at];
    const level = depth === levels.length ? levels.at(-1) : undefined;
    const isKey = byte === QUOTE && level?.isArray === false && level.key === undefined;
    const end = byte === QUOTE ? stringEnd(bytes, at) : at + 1;
    pointTo(end, isKey);
    if (isKey && level !== undefined) level.key = { start: at, end };
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (++depth <= maxDepth) {
        levels.push({ isArray: byte === OPEN_BRACKET, index: 0, key: undefined, token: undefined });
      }
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (--depth < levels.length) levels.pop();
    } else if (byte === COMMA && level !== undefined) {
      level.index++;
      level.key = undefined;
      level.token = undefined;
    }
    at = end;
  }
  return pointers;
}

function pointerOf(bytes: Uint8Array, levels: Level[]): string {
  return shorten(levels.map((level) => tokenOf(bytes, level)).join(""));
}

function tokenOf(bytes: Uint8Array, level: Level): string {
  const { isArray, index, key } = level;
  if (isArray) return `/${index}`;
  if (key === undefined) return "";
  level.token ??= `/${escapePointer(readShortened(bytes, key.start, key.end))}`;
  return level.token;
}

// Twelve bytes hold the longest spelling of a character: the two escapes of a surrogate pair.
const ENOUGH_BYTES = 12 * MAX_QUOTED_CHARACTERS;

/**
 * Reads a string like `readString`, cut to `MAX_QUOTED_CHARACTERS`. The middle of a long string is skipped and not
 * decoded.
 */
export function readShortened(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= 3 * ENOUGH_BYTES) return shorten(readString(bytes, start, end));
  const headEnd = characterStart(bytes, start + 1, start + ENOUGH_BYTES);
  const tailStart = characterStart(bytes, headEnd, end - ENOUGH_BYTES);
  return cut(readInside(bytes, start + 1, headEnd), readInside(bytes, tailStart, end - 1));
}

/** Returns the offset of the first character or escape at or behind `least`, counted from one at `start`. */
function characterStart(bytes: Uint8Array, start: number, least: number): number {
  let at = start;
  while (at < least || ((bytes[at] as number) & 0xc0) === 0x80) {
    if (bytes[at] !== BACKSLASH) at++;
    else at += bytes[at + 1] === SMALL_U ? 6 : 2;
  }
  return at;
}

/** Reads a part of a string, without its quotes. */
function readInside(bytes: Uint8Array, start: number, end: number): string {
  const quoted = Buffer.concat([DOUBLE_QUOTE, bytes.subarray(start, end), DOUBLE_QUOTE]);
  return readString(quoted, 0, quoted.length);
}

const DOUBLE_QUOTE = Buffer.from('"');

/** Returns the byte offset of the first array or object that is nested deeper than `depth` levels, or -1. */
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
