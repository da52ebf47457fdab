/** The rate at which a bucket fills, and its size. */
export interface BucketRate {
  perSecond: number;
  burst: number;
}

// The rounding error of the sums is far smaller than this.
const ROUNDING_MS = 0.001;

/**
 * A token bucket, kept as the moment at which it is full (the generic cell rate algorithm, ITU-T I.371). In any
 * interval it gives no more than its burst, or one larger request, plus the inflow of the interval. A request that is
 * larger than the burst is taken from a full bucket and leaves a debt, because it could otherwise never be taken.
 */
export class TokenBucket {
  #fullAtMs = Number.NEGATIVE_INFINITY;

  /** The tokens that the bucket holds; negative while it has a debt. */
  available(nowMs: number, { perSecond, burst }: BucketRate): number {
    return burst - (Math.max(0, this.#fullAtMs - nowMs) / 1_000) * perSecond;
  }

  /** Takes an amount if the bucket holds it, or is full. Otherwise takes nothing and returns false. */
  take(amount: number, nowMs: number, rate: BucketRate): boolean {
    if (this.waitMs(amount, nowMs, rate) > 0) return false;
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + (amount / rate.perSecond) * 1_000;
    return true;
  }

  /** Returns how long to wait before the bucket gives an amount. */
  waitMs(amount: number, nowMs: number, { perSecond, burst }: BucketRate): number {
    const lackMs = Math.max(0, this.#fullAtMs - nowMs);
    const waitMs = lackMs - (Math.max(0, burst - amount) / perSecond) * 1_000;
    return waitMs < ROUNDING_MS ? 0 : waitMs;
  }

  /** Returns how long to wait before the bucket is full. */
  waitUntilFullMs(nowMs: number): number {
    return Math.max(0, this.#fullAtMs - nowMs);
  }
}
