/** Something that is full, and drains. */
export interface Backlog {
  /** What has to drain, in any unit. */
  size: number;
  /** How fast it drains, in that unit. Undefined: not known yet. */
  perSecond: number | undefined;
}

/** The longest a client is told to stay away. */
export const MAX_RETRY_AFTER_SECONDS = 60;

// Room for a tenth is room for many requests, and with a queue that is never let run dry nothing is lost by coming early.
const SHARE_TO_BE_FREE = 0.1;
const UNKNOWN_RATE_SECONDS = 2;
// Clients that were refused together come back spread over half as long again.
const SPREAD = 1.5;

/**
 * For `Retry-After`: whole seconds until a tenth of the backlog has drained, 1 to 60, with jitter. Never shorter for a
 * larger backlog, or a slower drain, at the same luck.
 */
export function retryAfterSeconds({ size, perSecond }: Backlog, random: () => number = Math.random): number {
  if (perSecond === undefined) return spreadSeconds(UNKNOWN_RATE_SECONDS, random);
  const toBeFree = size * SHARE_TO_BE_FREE;
  return spreadSeconds(toBeFree > 0 ? toBeFree / perSecond : 0, random);
}

/** So many seconds and up to half as many more, 1 to 60 in whole seconds. */
export function spreadSeconds(seconds: number, random: () => number = Math.random): number {
  const least = Math.ceil(Math.min(Math.max(seconds, 1), MAX_RETRY_AFTER_SECONDS / SPREAD));
  const most = Math.ceil(least * SPREAD);
  return least + Math.floor(random() * (most - least + 1));
}
