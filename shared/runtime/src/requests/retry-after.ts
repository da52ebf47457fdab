const MAX_SECONDS = 60;

/**
 * Returns the whole seconds of a `Retry-After` header, at most 60. It adds up to half of the given seconds at random,
 * so that clients that were refused together do not return together.
 */
export function jitterRetryAfter(seconds: number, random: () => number = Math.random): number {
  const jitter = Math.floor(random() * (Math.ceil(seconds / 2) + 1));
  return Math.min(Math.ceil(seconds) + jitter, MAX_SECONDS);
}
