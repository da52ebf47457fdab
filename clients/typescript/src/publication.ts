import { readPublishAnswer } from "./answer.ts";
import type { IdentifiedEvent, PublishAnswer } from "./contract.ts";
import type { Delivery } from "./deliver.ts";
import type { Answer } from "./http-attempt.ts";
import { PublishError } from "./publish-error.ts";

/** What the service answered, and how it came to be. */
export interface Publication extends PublishAnswer {
  /** Where the verdicts of the pending events will be told, for 24 hours at least: after a 202. */
  receipt?: URL;
  attempts: number;
  /** Attempts whose outcome nobody told: where there are any, a duplicate may be one of this very request. */
  doubtfulAttempts: number;
  /** How long the answered attempt took. */
  ms: number;
}

/**
 * Reads the answer of a request that was taken.
 *
 * @throws {PublishError} when it does not say what became of the events: then it may not be the service's own
 */
export function readPublication(
  { status, headers, body, ms }: Answer,
  { attempts, doubtfulAttempts }: Delivery,
  url: URL,
  events: readonly IdentifiedEvent[],
): Publication {
  const told = readPublishAnswer(body);
  const location = headers.get("location");
  const receipt = location === null ? null : URL.parse(location, url.href);
  const isPending = status === 202 || (told?.pending ?? 0) > 0;
  if (told === undefined || (isPending && receipt === null)) {
    const reason = `${status} without ${told === undefined ? "counts" : "a Location"}`;
    const doubts = doubtfulAttempts + 1;
    throw new PublishError({ outcome: "unknown", reason, status, events, attempts, doubtfulAttempts: doubts });
  }
  return { ...told, ...(isPending && receipt !== null ? { receipt } : {}), attempts, doubtfulAttempts, ms };
}
