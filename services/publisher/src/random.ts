/** Returns numbers in [0, 1) that depend only on the seed. */
export type Random = () => number;

/**
 * Creates a generator by mulberry32 (Tommy Ettinger, 2017). The publisher has its own generator, because it promises
 * equal traffic for equal seeds, which a change for another tool must not break.
 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Returns a whole number in [0, limit). */
export function pickBelow(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}
