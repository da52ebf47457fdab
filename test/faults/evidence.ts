import type { Sample } from "./observer.ts";
import type { Stats } from "./reader.ts";
import type { Recount } from "./recount.ts";
import type { AnswerCounts, Attempt } from "./tally.ts";

/** All that the checker judges by. */
export interface Evidence {
  attempts: readonly Attempt[];
  recount: Recount;
  /** The books at the end. */
  stats: Stats;
  /** Each receipt's counts at the end; undefined where it gave none. */
  receipts: ReadonlyMap<string, AnswerCounts | undefined>;
  samples: readonly Sample[];
  /** Processes that ended unasked, or not as they should. */
  endings: readonly string[];
  peakBytes: ReadonlyMap<string, number>;
  /** What was left when the time for the backlog was up; undefined when nothing was. */
  backlog?: string | undefined;
}
