import type { FastifyBaseLogger } from "fastify";
import type { WholeBooks } from "./books.ts";

/** Returns a function that passes the books on, and logs an error when a drift begins, not at each read. */
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
