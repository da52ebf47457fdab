/** @import { readHistory } from "../api/endpoints.js" */
/** @import { Sample } from "./history.js" */

/** @typedef {{ from: number, at: number, events: number }} Received */

/** The number of topics whose history is read at a time. */
const MAX_READS = 4;

/**
 * Makes the sums of received events by topic: those of answers of /stats, and before the first of these the minutes of
 * /stats/history, which are read once for each topic that is asked for.
 *
 * @param {{ read: typeof readHistory, keptMs: number }} options
 */
export function createTopicHistory({ read, keptMs }) {
  /** @type {Map<string, Received[]>} */
  const recorded = new Map();
  /** @type {string[]} */
  const wanted = [];
  let reads = 0;

  async function readNext() {
    const topic = reads < MAX_READS ? wanted.shift() : undefined;
    if (topic === undefined) return;
    reads++;
    const since = new Date(Date.now() - keptMs).toISOString();
    const answer = await read({ since, step: "1m", topic }).catch(() => undefined); // the line then begins with zeros
    reads--;
    const readAt = Date.now(); // in the last minute
    const minutes = answer?.steps.map(({ start, received }) => {
      const from = Date.parse(start);
      return { from, at: Math.max(from + 1, Math.min(from + 60_000, readAt)), events: received };
    });
    if (minutes) recorded.set(topic, minutes);
    readNext();
  }

  return {
    /**
     * @param {string} topic
     * @param {{ samples: Sample[], parts: number }} options
     */
    receivedOf(topic, { samples, parts }) {
      if (!recorded.has(topic)) {
        recorded.set(topic, []);
        wanted.push(topic);
        readNext();
      }
      const last = samples.at(-1);
      if (!last) return [];
      const listed = samples.filter(({ receivedByTopic }) => receivedByTopic.has(topic));
      const firstAt = listed[0]?.at ?? last.at;
      const before = (recorded.get(topic) ?? []).filter(({ from }) => from < firstAt);
      const received = [...before.map((minute) => cutAt(minute, firstAt)), ...between(listed, topic)];
      return sumUp(received, { from: last.at - keptMs, at: last.at, parts });
    },
  };
}

/**
 * Ends a minute at the first sample, in proportion. The events of its rest are those of the samples.
 *
 * @param {Received} minute
 * @param {number} end
 * @returns {Received}
 */
function cutAt({ from, at, events }, end) {
  return at <= end ? { from, at, events } : { from, at: end, events: (events * (end - from)) / (at - from) };
}

/**
 * @param {Sample[]} samples
 * @param {string} topic
 * @returns {Received[]}
 */
function between(samples, topic) {
  return samples.slice(1).map((sample, index) => {
    const before = /** @type {Sample} */ (samples[index]);
    const [now = 0, then = now] = [sample.receivedByTopic.get(topic), before.receivedByTopic.get(topic)];
    return { from: before.at, at: sample.at, events: Math.max(0, now - then) };
  });
}

/**
 * Adds events up in equal parts of a time. Those of an interval that lies in several parts are divided in proportion.
 *
 * @param {Received[]} received
 * @param {{ from: number, at: number, parts: number }} time
 */
function sumUp(received, { from, at, parts }) {
  const width = (at - from) / parts;
  const sums = Array.from({ length: parts }, () => 0);
  for (const interval of received) {
    for (const part of sums.keys()) {
      const [begin, end] = [from + part * width, from + (part + 1) * width];
      const overlap = Math.min(end, interval.at) - Math.max(begin, interval.from);
      if (overlap > 0) sums[part] = (sums[part] ?? 0) + (interval.events * overlap) / (interval.at - interval.from);
    }
  }
  return sums;
}
