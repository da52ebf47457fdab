const KEPT_MS = 5 * 60_000;

/** The last minutes of the books, from one answer to the next: this page's own memory, empty when it is opened. */
export function createHistory() {
  let samples = [];

  return {
    add(stats, at) {
      const last = samples.at(-1);
      if (last?.at === at) return;
      if (last && stats.unique_processed < last.unique) samples = []; // another store: its figures are not this one's
      samples.push({
        at,
        unique: stats.unique_processed,
        duplicates: stats.duplicate_dropped,
        byTopic: new Map(stats.by_topic.map(({ topic, received }) => [topic, received])),
      });
      samples = samples.filter((sample) => sample.at > at - KEPT_MS);
    },

    /** Events a second between one sample and the next: `[{ at, unique, duplicates }]`. */
    rates() {
      return samples.slice(1).map((sample, index) => {
        const before = samples[index];
        const perSecond = (name) => (Math.max(0, sample[name] - before[name]) * 1_000) / (sample.at - before.at);
        return { at: sample.at, unique: perSecond("unique"), duplicates: perSecond("duplicates") };
      });
    },

    /** How much of a topic came between one sample and the next, in at most `points` sums. */
    ofTopic(topic, points = 30) {
      const counts = samples.map((sample) => sample.byTopic.get(topic));
      const steps = counts.slice(1).map((value, index) => Math.max(0, (value ?? 0) - (counts[index] ?? value ?? 0)));
      const width = Math.ceil(steps.length / points) || 1;
      const sums = [];
      for (let end = steps.length; end > 0; end -= width) {
        sums.unshift(steps.slice(Math.max(0, end - width), end).reduce((sum, step) => sum + step, 0));
      }
      return sums;
    },

    keptMs: KEPT_MS,
  };
}
