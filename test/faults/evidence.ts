import type { Counts } from "@tidemark/client/answer";
import type { Sample } from "./observer.ts";
import type { Audit, DroppedDuplicate, Stats } from "./reader.ts";
import type { Recount } from "./recount.ts";
import type { Attempt } from "./tally.ts";

/** All that the checker judges by. */
export interface Evidence {
  attempts: readonly Attempt[];
  recount: Recount;
  /** The books at the end. */
  stats: Stats;
  /** What the service found when it recounted. */
  audit: Audit;
  /** Every dropped copy that is listed. */
  dropped: readonly DroppedDuplicate[];
  /** Each receipt's counts at the end; undefined where it gave none. */
  receipts: ReadonlyMap<string, Counts | undefined>;
  samples: readonly Sample[];
  /** Processes that ended unasked, or not as they should. */
  endings: readonly string[];
  peakBytes: ReadonlyMap<string, number>;
  /** Deliveries of frames beyond the first, as the broker counts them; undefined without one. */
  redeliveries?: number | undefined;
  /** What the scenario asks for beyond the promises. */
  demands?: Demands | undefined;
  /** What was left when the time for the backlog was up; undefined when nothing was. */
  backlog?: string | undefined;
}

/** What a scenario asks for beyond the promises. */
export interface Demands {
  /** Every good request has to be answered 200 or 202. */
  mustAnswerAll?: boolean;
  leastRedeliveries?: number;
}
