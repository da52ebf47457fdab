import { readString, valueEnd, visitMembers } from "./text.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/** Recognises ASCII names of members in a text, without making a string of each key. */
export class MemberNames {
  readonly #names: ReadonlySet<string>;
  readonly #byLength: string[][] = [];

  constructor(names: Iterable<string>) {
    this.#names = new Set(names);
    for (const name of this.#names) this.#byLength[name.length] = [...(this.#byLength[name.length] ?? []), name];
  }

  /** Returns the name that the key at this place spells, its quotes included; undefined if it spells none. */
  find(text: Uint8Array, keyStart: number, keyEnd: number): string | undefined {
    const candidates = this.#byLength[keyEnd - keyStart - 2];
    if (candidates !== undefined) for (const name of candidates) if (isSpelled(name, text, keyStart + 1)) return name;
    for (let at = keyStart; at < keyEnd; at++) {
      if (text[at] !== BACKSLASH) continue;
      const key = readString(text, keyStart, keyEnd);
      return this.#names.has(key) ? key : undefined;
    }
    return undefined;
  }
}

function isSpelled(name: string, text: Uint8Array, start: number): boolean {
  for (let index = 0; index < name.length; index++) if (text[start + index] !== name.charCodeAt(index)) return false;
  return true;
}

/** A JSON value without its nested values. */
export interface ShallowValue {
  /**
   * `[]`, `""` or `0` for any array, string or number. If the value is an object, its members of the known names, in
   * the same form but with their strings; of repeated ones the last.
   */
  value: unknown;
  /** The number of members of the object, repeated ones included. */
  memberCount: number;
  /** Whether the object has members of other names. */
  hasOthers: boolean;
  /** The offset after the value. */
  end: number;
}

/** Reads the value that begins at `start`, without building the values of its members. The text must be JSON. */
export function readShallow(bytes: Uint8Array, start: number, names: MemberNames): ShallowValue {
  if (bytes[start] !== OPEN_BRACE) {
    return { value: shallow(bytes, start, start), memberCount: 0, hasOthers: false, end: valueEnd(bytes, start) };
  }
  const value: Record<string, unknown> = {};
  let memberCount = 0;
  let hasOthers = false;
  const end = visitMembers(bytes, start, (keyStart, keyEnd, valueStart, memberEnd) => {
    memberCount++;
    const name = names.find(bytes, keyStart, keyEnd);
    if (name === undefined) hasOthers = true;
    else value[name] = shallow(bytes, valueStart, memberEnd);
  });
  return { value, memberCount, hasOthers, end };
}

function shallow(bytes: Uint8Array, start: number, end: number): unknown {
  switch (bytes[start]) {
    case QUOTE:
      return readString(bytes, start, end);
    case OPEN_BRACE:
      return {};
    case OPEN_BRACKET:
      return [];
    case 0x74:
      return true;
    case 0x66:
      return false;
    case 0x6e:
      return null;
    default:
      return 0;
  }
}
