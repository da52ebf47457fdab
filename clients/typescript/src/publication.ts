import { readPublishAnswer } from "./answer.ts";
import type { IdentifiedEvent, PublishAnswer } from "./contract.ts";
import type { Delivery } from "./deliver.ts";
import type { Answer } from "./http-attempt.ts";
import { PublishError } from "./publish-error.ts";

/** The answer of the service, and the attempts before it. */
export interface Publication extends PublishAnswer {
  /** After a 202: the receipt with the verdicts of the pending events, kept for at least 24 hours. */
  receipt?: URL;
  attempts: number;
  /** Attempts whose outcome is unknown. If there are any, a duplicate may be a duplicate of this request's own attempt. */
  doubtfulAttempts: number;
  /** The duration of the answered attempt. */
  ms: number;
}

/**
 * Reads the answer of a request that was accepted.
 *
 * @throws {PublishError} if the answer has no counts or no receipt, so that it may come from another program
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
