/** @import { HealthAnswer, StatsAnswer } from "./contract.d.ts" */
import { hasDeadLetters, readHealth, readStats } from "./endpoints.js";
import { messageOf, Unreachable } from "./request.js";

const REFRESH_MS = 2_000;

/**
 * The last answer of /stats, and when it was read.
 *
 * @typedef {{ stats: StatsAnswer, readAt: number, hasDeadLetters: boolean }} Books
 */

/**
 * The reason why /stats cannot be read.
 *
 * @typedef {{ isDisconnected: boolean, detail: string }} Trouble
 */

/**
 * The state of Tidemark as far as this page knows it. With `trouble`, `books` are those of the last answer, if there was
 * one. `health` is absent if the last request for it failed.
 *
 * @typedef {{ books: Books, health?: HealthAnswer | undefined, trouble?: undefined }
 *   | { books?: Books | undefined, health?: HealthAnswer | undefined, trouble: Trouble }} Observation
 */

/**
 * Reads /stats and /health every two seconds while the page is visible, and passes each observation to `show`.
 *
 * @param {(observation: Observation) => void} show
 */
export function startPoller(show) {
  /** @type {Books | undefined} */
  let books;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isReading = false;

  async function refresh() {
    if (isReading) return;
    clearTimeout(timer);
    isReading = true;
    const observation = await observe(books);
    books = observation.books;
    isReading = false;
    show(observation);
    if (!document.hidden) timer = setTimeout(refresh, REFRESH_MS);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
  });
  refresh();
  return { refresh };
}

/**
 * @param {Books | undefined} before
 * @returns {Promise<Observation>}
 */
async function observe(before) {
  const [stats, read] = await Promise.allSettled([readStats(), readHealth()]);
  // A 503 may also be a problem (RFC 9457), which has none of the fields of the answer.
  const health = read.status === "fulfilled" && "consumer_running" in read.value ? read.value : undefined;
  return stats.status === "fulfilled"
    ? { books: await describeBooks(stats.value), health }
    : { books: before, health, trouble: describeTrouble(stats.reason) };
}

/**
 * @param {StatsAnswer} stats
 * @returns {Promise<Books>}
 */
async function describeBooks(stats) {
  const readAt = Date.now();
  return { stats, readAt, hasDeadLetters: stats.dead_lettered > 0 && (await hasDeadLetters().catch(() => false)) };
}

/**
 * @param {unknown} error
 * @returns {Trouble}
 */
function describeTrouble(error) {
  return { isDisconnected: error instanceof Unreachable, detail: messageOf(error) };
}
