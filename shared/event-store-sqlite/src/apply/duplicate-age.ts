import { AGE_BOUNDS_SECONDS } from "@tidemark/event-store/duplicates";
import { utcText } from "../schema/columns.ts";

/**
 * Returns the index of the first of `AGE_BOUNDS_SECONDS` that a duplicate does not exceed, or their number if it
 * exceeds all.
 */
export type ReadAge = (duplicate: { receivedAt: string; firstProcessedAt: string }) => number;

/**
 * Texts of instants compare like the instants. The bounds are therefore written as texts once for all duplicates
 * received at one moment, and no instant of a duplicate is parsed. Parsing took 4 % of the processor time of a stream
 * of duplicates.
 */
export function createReadAge(): ReadAge {
  let moment: string | undefined;
  let earliest: string[] = [];
  return ({ receivedAt, firstProcessedAt }) => {
    if (receivedAt !== moment) {
      moment = receivedAt;
      const receivedAtMs = Date.parse(receivedAt);
      earliest = AGE_BOUNDS_SECONDS.map((seconds) => utcText(receivedAtMs - seconds * 1_000));
    }
    const age = earliest.findIndex((instant) => firstProcessedAt >= instant);
    return age === -1 ? earliest.length : age;
  };
}
