import type { Counts } from "@tidemark/client/answer";
import type { Attempt } from "../load/tally.ts";
import type { Sample } from "./observer.ts";
import type { Audit, DroppedDuplicate, Stats } from "./reader.ts";
import type { Recount } from "./recount.ts";

/** The input of all checks. */
export interface Observations {
  attempts: readonly Attempt[];
  recount: Recount;
  /** The books at the end of the run. */
  stats: Stats;
  /** The result of the service's own recount. */
  audit: Audit;
  /** All duplicates that are listed. */
  dropped: readonly DroppedDuplicate[];
  /** The final counts of each receipt; undefined if they are not known. */
  receipts: ReadonlyMap<string, Counts | undefined>;
  samples: readonly Sample[];
  /** One line for each process that ended by itself, or not with 0. */
  endings: readonly string[];
  peakBytes: ReadonlyMap<string, number>;
  /** Repeated deliveries of frames, as the broker counts them; undefined without a broker. */
  redeliveries?: number | undefined;
  /** Whether every gateway kept running and received every confirmation, so that its count is exact. */
  isEachConfirmationHeard: boolean;
  /** Requirements of the scenario beyond the promises. */
  requirements?: Requirements | undefined;
  /** The events that were left in the queue at the timeout; undefined if the queue became empty. */
  backlog?: string | undefined;
}

/** Requirements of a scenario beyond the promises. */
export interface Requirements {
  /** Whether every valid request must be answered 200 or 202. */
  mustAnswerAll?: boolean;
  minRedeliveries?: number;
}
