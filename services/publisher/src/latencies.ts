// Buckets 2 % wide: 1,000 of them reach from 0.1 ms past ten hours, in 8 KB, however many requests there were.
const BUCKETS = 1_000;
const GROWTH = 1.02;
const SMALLEST_MS = 0.1;

/** Counts durations in buckets that grow by 2 %, so that a percentile is right within 2 % and memory is constant. */
export class Latencies {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(ms, SMALLEST_MS) / SMALLEST_MS) / Math.log(GROWTH));
    const index = Math.min(bucket, BUCKETS - 1);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total++;
  }

  /** The duration in milliseconds that `share` of all (0.95: 95 %) did not exceed; undefined when there were none. */
  percentile(share: number): number | undefined {
    const wanted = Math.ceil(this.#total * share);
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (seen > 0 && seen >= wanted) return SMALLEST_MS * GROWTH ** bucket;
    }
    return undefined;
  }
}
