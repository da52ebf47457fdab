import { readString, stringEnd } from "./text.ts";

/** Escapes `~` and `/` in a token of a JSON Pointer (RFC 6901, section 3). */
export function escapePointer(token: string): string {
  return token.replaceAll("~", "~0").replaceAll("/", "~1");
}

const QUOTE = 0x22;
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
}

/**
 * Returns the JSON Pointers (RFC 6901) of the values at byte offsets, in one pass. An offset inside a key gives the pointer
 * of the object. The text must be valid JSON, and the offsets must be ascending.
 *
 * @param maxDepth the maximum number of tokens of a pointer
 */
export function pointersAt(bytes: Uint8Array, offsets: number[], maxDepth: number): string[] {
  const pointers: string[] = [];
  const levels: Level[] = [];
  const pointTo = (end: number, depth: number) => {
    while (pointers.length < offsets.length && (offsets[pointers.length] as number) < end) {
      pointers.push(pointerOf(bytes, levels.slice(0, Math.min(depth, maxDepth))));
    }
  };
  for (let at = 0; at < bytes.length && pointers.length < offsets.length; ) {
    const byte = bytes[at];
    const level = levels.at(-1);
    const isKey = byte === QUOTE && level?.isArray === false && level.key === undefined;
    const end = byte === QUOTE ? stringEnd(bytes, at) : at + 1;
    pointTo(end, isKey ? levels.length - 1 : levels.length);
    if (isKey && level !== undefined) level.key = { start: at, end };
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      levels.push({ isArray: byte === OPEN_BRACKET, index: 0, key: undefined });
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) levels.pop();
    else if (byte === COMMA && level !== undefined) {
      level.index++;
      level.key = undefined;
    }
    at = end;
  }
  return pointers;
}

function pointerOf(bytes: Uint8Array, levels: Level[]): string {
  return levels
    .map(({ isArray, index, key }) => {
      if (isArray) return `/${index}`;
      return key === undefined ? "" : `/${escapePointer(readString(bytes, key.start, key.end))}`;
    })
    .join("");
}

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
