/** Returns numbers in [0, 1) that depend only on the seed. */
export type Random = () => number;

/** Creates a generator by mulberry32 (Tommy Ettinger, 2017): 32 bits of state, the same numbers on every machine. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns a whole number in [0, limit). */
export function pickBelow(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}
