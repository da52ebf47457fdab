/** A set of whole numbers below a limit, with one bit for each: a million numbers take 125 KB. */
export class NumberSet {
  readonly #bits: Uint8Array;

  constructor(limit: number) {
    this.#bits = new Uint8Array(Math.ceil(limit / 8));
  }

  add(number: number): void {
    const byte = number >>> 3;
    this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (number & 7));
  }

  count(): number {
    return this.#bits.reduce((sum, bits) => sum + countOnes(bits), 0);
  }

  /** Counts the numbers in this set that are not in the other, which has the same limit. */
  countWithout(other: NumberSet): number {
    return this.#bits.reduce((sum, bits, byte) => sum + countOnes(bits & ~(other.#bits[byte] ?? 0)), 0);
  }
}

function countOnes(byte: number): number {
  let count = 0;
  for (let bits = byte; bits > 0; bits &= bits - 1) count++;
  return count;
}
