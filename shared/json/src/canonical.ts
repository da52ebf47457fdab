import { hash } from "node:crypto";

/**
 * Hashes a JSON text by its value: two texts have the same hash if and only if `isSameJson` holds for them. White space, the
 * order of keys and the spelling of numbers and strings do not matter. Of repeated keys the last one counts, and every digit
 * is significant. The text must be valid JSON without lone surrogates.
 *
 * It takes 5 to 60 ns a byte and three times the memory of the text, because it builds no values. Members of an object
 * whose keys are not sorted are moved once for each level of nesting above them.
 *
 * @returns a SHA-256
 */
export function canonicalHash(text: string): Buffer {
  return hash("sha256", new CanonicalWriter(text).write(), "buffer");
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const ZERO = 0x30;
const NINE = 0x39;
const SMALL_E = 0x65;
const SMALL_U = 0x75;

/** The place of a member in the output: its key begins at `start`. */
interface Member {
  start: number;
  keyEnd: number;
  end: number;
}

/** Writes one JSON text in its canonical form: sorted keys, no white space, unescaped strings, numbers as `123e-2`. */
class CanonicalWriter {
  readonly #text: Buffer;
  #at = 0;
  readonly #out: Buffer;
  #length = 0;
  /** The members of each object that is open, and undefined for each array. */
  readonly #open: (Member[] | undefined)[] = [];

  constructor(text: string) {
    this.#text = Buffer.from(text);
    // A canonical number is less than twice as long as its source: `1.5` becomes `15e-1`.
    this.#out = Buffer.allocUnsafe(2 * this.#text.length);
  }

  write(): Buffer {
    const text = this.#text;
    let isKeyNext = false;
    while (this.#at < text.length) {
      const byte = text[this.#at] as number;
      if (byte === QUOTE) {
        if (isKeyNext) this.#writeKey();
        else this.#writeString();
        isKeyNext = false;
      } else if (byte === MINUS || isDigit(byte)) {
        this.#writeNumber();
      } else if (byte > 0x20) {
        if (byte === OPEN_BRACE) this.#open.push([]);
        else if (byte === OPEN_BRACKET) this.#open.push(undefined);
        else if (byte === CLOSE_BRACE) this.#sortMembers(this.#open.pop() ?? []);
        else if (byte === CLOSE_BRACKET) this.#open.pop();
        if (byte === OPEN_BRACE || byte === COMMA) isKeyNext = this.#open.at(-1) !== undefined;
        this.#put(byte);
        this.#at++;
      } else this.#at++;
    }
    return this.#out.subarray(0, this.#length);
  }

  #put(byte: number): void {
    this.#out[this.#length++] = byte;
  }

  #writeKey(): void {
    const members = this.#open.at(-1) as Member[];
    const start = this.#length;
    const previous = members.at(-1);
    if (previous !== undefined) previous.end = start - 1; // before the comma
    this.#writeString();
    members.push({ start, keyEnd: this.#length, end: 0 });
  }

  #writeString(): void {
    const text = this.#text;
    this.#put(QUOTE);
    this.#at++;
    while (this.#at < text.length) {
      const byte = text[this.#at] as number;
      if (byte === QUOTE) break;
      if (byte === BACKSLASH) this.#writeEscape();
      else {
        this.#put(byte);
        this.#at++;
      }
    }
    this.#put(QUOTE);
    this.#at++;
  }

  /**
   * Writes the character of an escape. Only quotation marks and backslashes stay escaped, so that the end of a string
   * is unambiguous.
   */
  #writeEscape(): void {
    const letter = this.#text[this.#at + 1] as number;
    const character = letter === SMALL_U ? this.#readCodePoint() : (ESCAPED[String.fromCharCode(letter)] ?? letter);
    this.#at += letter === SMALL_U ? 0 : 2;
    if (character === QUOTE || character === BACKSLASH) this.#put(BACKSLASH);
    if (character < 0x80) this.#put(character);
    else this.#length += this.#out.write(String.fromCodePoint(character), this.#length);
  }

  /** Reads `\u00e9`, or a pair of surrogates, as a code point. */
  #readCodePoint(): number {
    const unit = this.#readUnit();
    const next = this.#at;
    if ((unit & 0xfc00) !== 0xd800 || this.#text[next + 1] !== SMALL_U) return unit;
    const second = this.#readUnit();
    if ((second & 0xfc00) === 0xdc00) return 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00);
    this.#at = next;
    return unit;
  }

  #readUnit(): number {
    this.#at += 6;
    return Number.parseInt(this.#text.toString("latin1", this.#at - 4, this.#at), 16);
  }

  /** Writes the digits without leading and trailing zeros, and the power of ten if it is not 0. */
  #writeNumber(): void {
    const text = this.#text;
    const start = this.#length;
    if (text[this.#at] === MINUS) {
      this.#put(MINUS);
      this.#at++;
    }
    const digits = this.#length;
    let power = 0;
    let isFraction = false;
    for (; this.#at < text.length; this.#at++) {
      const byte = text[this.#at] as number;
      if (byte === POINT) isFraction = true;
      else if (!isDigit(byte)) break;
      else {
        if (byte !== ZERO || this.#length > digits) this.#put(byte);
        if (isFraction) power--;
      }
    }
    if (((text[this.#at] ?? 0) | 0x20) === SMALL_E) power += this.#readExponent();
    while (this.#length > digits && this.#out[this.#length - 1] === ZERO) {
      this.#length--;
      power++;
    }
    if (this.#length === digits) {
      this.#length = start;
      this.#put(ZERO);
    } else if (power !== 0) this.#length += this.#out.write(`e${power}`, this.#length, "latin1");
  }

  #readExponent(): number {
    const start = ++this.#at;
    while (this.#at < this.#text.length && isExponent(this.#text[this.#at] as number)) this.#at++;
    return Number(this.#text.toString("latin1", start, this.#at));
  }

  /** Sorts the members of the object that ends here, and keeps only the last one of repeated keys. */
  #sortMembers(members: Member[]): void {
    const isBefore = (left: Member, right: Member | undefined) => !right || this.#compareKeys(left, right) < 0;
    if (members.every((member, index) => isBefore(member, members[index + 1]))) return;
    const { start } = members[0] as Member;
    (members.at(-1) as Member).end = this.#length;
    const before = Buffer.from(this.#out.subarray(start, this.#length));
    // The sort is stable, so the last one of equal keys stays the last.
    const sorted = members.toSorted((left, right) => this.#compareKeys(left, right));
    const kept = sorted.filter((member, index) => isBefore(member, sorted[index + 1]));
    this.#length = start;
    for (const [index, { start: from, end }] of kept.entries()) {
      if (index > 0) this.#put(COMMA);
      this.#length += before.copy(this.#out, this.#length, from - start, end - start);
    }
  }

  #compareKeys(left: Member, right: Member): number {
    const length = Math.min(left.keyEnd - left.start, right.keyEnd - right.start);
    for (let offset = 0; offset < length; offset++) {
      const difference = (this.#out[left.start + offset] as number) - (this.#out[right.start + offset] as number);
      if (difference !== 0) return difference;
    }
    return left.keyEnd - left.start - (right.keyEnd - right.start);
  }
}

const ESCAPED: Record<string, number> = { b: 0x08, t: 0x09, n: 0x0a, f: 0x0c, r: 0x0d };

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

function isExponent(byte: number): boolean {
  return isDigit(byte) || byte === MINUS || byte === 0x2b;
}
