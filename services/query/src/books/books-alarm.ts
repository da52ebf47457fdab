import type { FastifyBaseLogger } from "fastify";
import type { WholeBooks } from "./books.ts";

/**
 * Returns a function that returns the books unchanged, and logs an error when a defect of them begins, but not at each
 * read.
 */
export function createBooksAlarm(logger: Pick<FastifyBaseLogger, "error">): (whole: WholeBooks) => WholeBooks {
  let hasDrifted = false;
  let isMissing = false;
  return (whole) => {
    const { drift, witness, books } = whole;
    if (drift !== undefined) {
      if (drift !== 0 && !hasDrifted) {
        const { appliedGoneFrames, tableDrift } = books;
        logger.error({ drift, appliedGoneFrames, tableDrift }, "the books have drifted from the log or the tables");
      }
      hasDrifted = drift !== 0;
    }
    if (witness !== undefined) {
      if (witness.unconfirmed < 0 && !isMissing) {
        logger.error({ ...witness }, "events that the log has confirmed are neither in the log nor in the books");
      }
      isMissing = witness.unconfirmed < 0;
    }
    return whole;
  };
}
