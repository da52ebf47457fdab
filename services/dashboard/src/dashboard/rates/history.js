/** @import { Books } from "../api/poller.js" */
/** @import { Range } from "./ranges.js" */
/** @import { Rate, Start } from "./recorded.js" */
import { readHistory } from "../api/endpoints.js";
import { rateBetween, ratesOf, startsOf } from "./recorded.js";
import { createTopicHistory } from "./topic-history.js";

/** @typedef {ReturnType<typeof createHistory>} History */

/** @typedef {{ at: number, stored: number, duplicates: number, receivedByTopic: Map<string, number> }} Sample */

const KEPT_MS = 5 * 60_000;
/** Answers of /stats that are further apart tell nothing of the time between: the service or this page was away. */
const MAX_APART_MS = 10_000;

/**
 * Makes a memory of what /stats/history tells, and of the answers of /stats in the last minutes, which are finer.
 *
 * @param {{ read?: typeof readHistory }} options
 */
export function createHistory({ read = readHistory } = {}) {
  /** @type {Sample[]} */
  let samples = [];
  /** @type {{ range?: Range, rates: Rate[], starts: Start[], beganAt?: number | undefined }} */
  let recorded = { rates: [], starts: [] };
  const topics = createTopicHistory({ read, keptMs: KEPT_MS });

  return {
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

    /**
     * Reads what the service has recorded of a range that ends now.
     *
     * @param {Range} range
     * @param {number} now
     */
    async load(range, now) {
      const answer = await read({ since: new Date(now - range.lengthMs).toISOString(), step: range.step });
      const beganAt = answer.begins_at === null ? undefined : Date.parse(answer.begins_at);
      recorded = { range, rates: ratesOf(answer, now), starts: startsOf(answer), beganAt };
    },

    /**
     * Returns what is known of a range: nothing before it was loaded. As far as the answers of /stats go back, the rates of
     * the last five minutes are those between one answer and the next.
     *
     * @param {Range} range
     */
    of(range) {
      const { rates, starts, beganAt } =
        recorded.range === range ? recorded : { rates: [], starts: [], beganAt: undefined };
      const live = samples.slice(1).map((sample, index) => rateBetween(/** @type {Sample} */ (samples[index]), sample));
      const [first] = live;
      if (range.lengthMs > KEPT_MS || !first) return { rates, starts, beganAt };
      const before = rates.filter(({ from }) => from < first.from);
      const cut = before.map((rate) => ({ ...rate, at: Math.min(rate.at, first.from) }));
      const closed = live.flatMap((rate) => (rate.at - rate.from > MAX_APART_MS ? within(rates, rate) : [rate]));
      return { rates: [...cut, ...closed], starts, beganAt };
    },

    /**
     * Returns how many events of a topic were received in each part of the last five minutes.
     *
     * @param {string} topic
     */
    receivedOf(topic, parts = 30) {
      return topics.receivedOf(topic, { samples, parts });
    },
  };
}

/**
 * Returns the rates whose whole time is within a gap. One that began before the gap would draw it as if traffic had faded.
 *
 * @param {Rate[]} rates
 * @param {Rate} gap
 */
function within(rates, gap) {
  return rates.filter(({ from, at }) => from >= gap.from && at <= gap.at);
}
