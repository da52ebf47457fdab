/** @import { StatsAnswer, TopicStats } from "../api/contract.d.ts" */
import { count } from "../text/format.js";

/**
 * Makes a search for a topic that is not among the busiest ones, which /stats lists. The service finds it by its whole name.
 *
 * @param {object} options
 * @param {(topic: string) => Promise<TopicStats | undefined>} options.read
 * @param {() => void} options.found called when a topic has been found
 */
export function createRareTopic({ read, found }) {
  let asked = "";
  /** @type {TopicStats | undefined} */
  let answer;

  return {
    /**
     * Returns the topic of that name as far as it is known, and asks the service once for each name.
     *
     * @param {string} name
     * @param {StatsAnswer} stats
     * @returns {TopicStats[]}
     */
    found(name, stats) {
      if (name === "" || !hasRareTopics(stats)) return [];
      if (name !== asked) {
        asked = name;
        answer = undefined;
        read(name).then(
          (topic) => {
            if (name !== asked || topic === undefined) return;
            answer = topic;
            found();
          },
          () => {}, // the next name is asked for again
        );
      }
      return answer === undefined ? [] : [answer];
    },

    /** @param {StatsAnswer} stats */
    emptyText(stats) {
      return hasRareTopics(stats)
        ? `None of the ${count(stats.by_topic.length)} busiest topics contains this text. Enter a whole name to find one of the others.`
        : "No topic name contains this text.";
    },
  };
}

/** @param {StatsAnswer} stats */
function hasRareTopics({ by_topic, topics_total }) {
  return topics_total > by_topic.length;
}
