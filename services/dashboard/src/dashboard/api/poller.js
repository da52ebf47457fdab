/** @import { HealthAnswer, StatsAnswer, SubscriptionAnswer } from "./contract.d.ts" */
/** @import { Silences } from "./silences.js" */
import { readHealth, readLatestConflict, readOldestDeadLetter, readStats, readSubscriptions } from "./endpoints.js";
import { messageOf, Unreachable } from "./request.js";
import { followSilences } from "./silences.js";

const REFRESH_MS = 2_000;
/** Each reading counts what every subscription has not acknowledged, so it costs more than the books. */
const BETWEEN_SUBSCRIPTIONS_MS = 30_000;

/**
 * The last answer of /stats, and when it was read. The times are those of the entries on record: dead letters and
 * conflicts that were deleted are still counted in /stats.
 *
 * @typedef {{ stats: StatsAnswer, readAt: number, oldestDeadLetterAt?: string | undefined,
 *   latestConflictAt?: string | undefined }} Books
 */

/**
 * The reason why /stats cannot be read. `isBehindProxy` tells that a proxy answered in place of the service.
 *
 * @typedef {{ isDisconnected: boolean, isBehindProxy?: boolean, detail: string }} Trouble
 */

/**
 * The state of Tidemark as far as this page knows it. With `trouble`, `books` are those of the last answer, if there was
 * one. `health` is absent if the last request for it failed.
 *
 * @typedef {{ books: Books, health?: HealthAnswer | undefined, silences?: Silences,
 *   subscriptions?: SubscriptionAnswer[], trouble?: undefined }
 *   | { books?: Books | undefined, health?: HealthAnswer | undefined, silences?: Silences,
 *   subscriptions?: SubscriptionAnswer[], trouble: Trouble }} Observation
 */

/**
 * Reads /stats and /health every two seconds while the page is visible, and passes each observation to `show`.
 *
 * @param {(observation: Observation) => void} show
 * @param {() => number} listed returns the number of topics and sources that the page shows of /stats
 */
export function startPoller(show, listed) {
  /** @type {Pick<Observation, "books" | "silences">} */
  let last = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isReading = false;
  let isOutdated = false;
  /** @type {SubscriptionAnswer[]} */
  let subscriptions = [];
  let subscriptionsAskedAt = Number.NEGATIVE_INFINITY;

  /** Keeps the lag of the subscriptions. The books do not wait for it, and after a failure the last answer stays. */
  function followSubscriptions() {
    if (performance.now() - subscriptionsAskedAt < BETWEEN_SUBSCRIPTIONS_MS) return;
    subscriptionsAskedAt = performance.now();
    readSubscriptions().then(
      (read) => {
        subscriptions = read;
        refresh();
      },
      () => undefined,
    );
  }

  async function refresh() {
    isOutdated = isReading;
    if (isReading) return;
    clearTimeout(timer);
    isReading = true;
    const observation = await observe(last, listed());
    last = observation;
    isReading = false;
    show({ ...observation, subscriptions });
    if (!observation.trouble) followSubscriptions();
    if (!document.hidden) timer = setTimeout(refresh, isOutdated ? 0 : REFRESH_MS);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
  });
  refresh();
  return { refresh };
}

/**
 * @param {Pick<Observation, "books" | "silences">} last
 * @param {number} listed
 * @returns {Promise<Observation>}
 */
async function observe(last, listed) {
  const [stats, read] = await Promise.allSettled([readStats(listed), readHealth()]);
  // A 503 may also be a problem (RFC 9457), which has none of the fields of the answer.
  const health = read.status === "fulfilled" && "consumer_running" in read.value ? read.value : undefined;
  const silences = followSilences(last.silences ?? {}, health, Date.now());
  return stats.status === "fulfilled"
    ? { books: await describeBooks(stats.value, last.books), health, silences }
    : { books: last.books, health, silences, trouble: describeTrouble(stats.reason, health) };
}

/**
 * @param {StatsAnswer} stats
 * @param {Books | undefined} before
 * @returns {Promise<Books>}
 */
async function describeBooks(stats, before) {
  const readAt = Date.now();
  const hasNewConflict = stats.conflicts !== (before?.stats.conflicts ?? 0);
  const [oldestDeadLetterAt, latestConflictAt] = await Promise.all([
    stats.dead_lettered > 0 ? readOldestDeadLetter().catch(() => undefined) : undefined,
    hasNewConflict ? readLatestConflict().catch(() => undefined) : before?.latestConflictAt,
  ]);
  return { stats, readAt, oldestDeadLetterAt, latestConflictAt };
}

/**
 * Tells why /stats cannot be read. Where /health answers, the service is there, and the store behind it is silent.
 *
 * @param {unknown} error
 * @param {HealthAnswer | undefined} health
 * @returns {Trouble}
 */
export function describeTrouble(error, health) {
  if (!(error instanceof Unreachable)) return { isDisconnected: false, detail: messageOf(error) };
  if (health) return { isDisconnected: false, detail: "the store does not answer" };
  return { isDisconnected: true, isBehindProxy: error.isBehindProxy, detail: messageOf(error) };
}
