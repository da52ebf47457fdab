import { topicRange } from "@tidemark/event-store/topic-range";

/** A condition on the column `topic`, if there are prefixes, and its named parameters. */
export interface TopicReach {
  conditions: string[];
  parameters: Record<string, string>;
}

/** Returns the condition that a topic begins with one of the prefixes. Its text depends only on their number. */
export function topicReach(prefixes: readonly string[] | undefined): TopicReach {
  if (prefixes === undefined) return { conditions: [], parameters: {} };
  const ranges = prefixes.map(topicRange);
  const anyOf = ranges.map((_range, index) => `(topic >= @from${index} AND topic < @before${index})`).join(" OR ");
  const parameters = ranges.flatMap(({ from, before }, index) => [
    [`from${index}`, from],
    [`before${index}`, before],
  ]);
  return { conditions: [`(${anyOf || "false"})`], parameters: Object.fromEntries(parameters) };
}
