import type { FastifyBaseLogger } from "fastify";
import type { WholeBooks } from "./books.ts";

/** Hands the books on, and says so in the log once they have drifted: once each time it begins, not at each look. */
export function createDriftAlarm(logger: Pick<FastifyBaseLogger, "error">): (whole: WholeBooks) => WholeBooks {
  let hasDrifted = false;
  return (whole) => {
    const { drift, books } = whole;
    if (drift === undefined) return whole;
    if (drift !== 0 && !hasDrifted) {
      const { appliedGoneFrames, tableDrift } = books;
      logger.error({ drift, appliedGoneFrames, tableDrift }, "the books have drifted from the log or the tables");
    }
    hasDrifted = drift !== 0;
    return whole;
  };
}
