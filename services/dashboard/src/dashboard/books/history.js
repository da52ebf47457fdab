/** @import { Books } from "../api/poller.js" */

/**
 * The events per second between two answers of /stats; `at` is the time of the later one.
 *
 * @typedef {{ at: number, stored: number, duplicates: number }} Rate
 */

/** @typedef {ReturnType<typeof createHistory>} History */

/** @typedef {{ at: number, stored: number, duplicates: number, receivedByTopic: Map<string, number> }} Sample */

const KEPT_MS = 5 * 60_000;

/** Makes a memory of the answers of /stats in the last minutes. It is empty when the page is opened. */
export function createHistory() {
  /** @type {Sample[]} */
  let samples = [];

  return {
    keptMs: KEPT_MS,

    /** @param {Pick<Books, "stats" | "readAt">} books */
    add({ stats, readAt }) {
      const last = samples.at(-1);
      if (last?.at === readAt) return;
      // The count of stored events never goes down, so this is another store.
      if (last && stats.unique_processed < last.stored) samples = [];
      samples.push({
        at: readAt,
        stored: stats.unique_processed,
        duplicates: stats.duplicate_dropped,
        receivedByTopic: new Map(stats.by_topic.map(({ topic, received }) => [topic, received])),
      });
      samples = samples.filter((sample) => sample.at > readAt - KEPT_MS);
    },

    /** Returns the rate between each sample and the next. */
    rates() {
      return samples.flatMap((sample, index) => {
        const before = samples[index - 1];
        return before ? [rateBetween(before, sample)] : [];
      });
    },

    /**
     * Returns how many events of a topic were received between successive samples, in at most `points` sums.
     *
     * @param {string} topic
     */
    receivedOf(topic, points = 30) {
      const counts = samples.map((sample) => sample.receivedByTopic.get(topic));
      const steps = counts.slice(1).map((value, index) => Math.max(0, (value ?? 0) - (counts[index] ?? value ?? 0)));
      const width = Math.ceil(steps.length / points) || 1;
      const sums = [];
      for (let end = steps.length; end > 0; end -= width) {
        sums.unshift(steps.slice(Math.max(0, end - width), end).reduce((sum, step) => sum + step, 0));
      }
      return sums;
    },
  };
}

/**
 * @param {Sample} before
 * @param {Sample} after
 * @returns {Rate}
 */
function rateBetween(before, after) {
  /** @param {"stored" | "duplicates"} name */
  const perSecond = (name) => (Math.max(0, after[name] - before[name]) * 1_000) / (after.at - before.at);
  return { at: after.at, stored: perSecond("stored"), duplicates: perSecond("duplicates") };
}
