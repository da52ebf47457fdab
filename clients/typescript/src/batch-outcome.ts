import type { Fault, IdentifiedEvent, Result } from "./contract.ts";
import type { Publication } from "./publication.ts";
import { isDoubtful, PublishError } from "./publish-error.ts";

/** The outcome of one event. */
export interface Verdict {
  topic: string;
  event_id: string;
  /**
   * `pending`: the event is durable and gets its verdict later. `conflict`: an event with other content is stored under
   * this id, and stays.
   */
  status: Exclude<Result["status"], "rejected">;
  /** The receipt of a pending event, which gets the verdicts of its request. */
  receipt?: URL;
  /** Attempts whose outcome is unknown. If there are any, a duplicate may be a duplicate of an earlier attempt. */
  doubtfulAttempts: number;
}

/**
 * Returns the outcome of each event of a lenient request that was accepted, in the order of the request.
 *
 * @param doubts attempts of earlier requests that may have stored these events
 */
export function outcomesOf(
  publication: Publication,
  events: readonly IdentifiedEvent[],
  doubts: number,
): (Verdict | PublishError)[] {
  const { results, rejected = [], receipt, attempts } = publication;
  const doubtfulAttempts = publication.doubtfulAttempts + doubts;
  if (results?.length !== events.length) {
    const reason = "the answer does not have a result for each event";
    const details = { outcome: "unknown", reason, attempts, doubtfulAttempts: doubtfulAttempts + 1 } as const;
    return events.map((event) => new PublishError({ ...details, events: [event] }));
  }
  const rejections = new Map(rejected.map((rejection) => [rejection.index, rejection]));
  return events.map((event, index) => {
    const { topic, event_id } = event;
    const status = results[index]?.status ?? "pending";
    if (status !== "rejected") {
      return { topic, event_id, status, ...(receipt && status === "pending" && { receipt }), doubtfulAttempts };
    }
    const rejection = rejections.get(index);
    if (rejection === undefined) {
      const reason = "the store refused it permanently; it is kept as a dead letter";
      return new PublishError({ outcome: "refused", code: "dead_lettered", reason, events: [event], attempts });
    }
    const fault = { pointer: rejection.pointer.replace(`/${index}`, ""), detail: rejection.reason };
    return brokenRule(event, [fault], attempts);
  });
}

/**
 * Returns the error of each event of a lenient request that failed. Undefined if the body was refused and the answer does
 * not name the event: an event that is nested too deeply to be split, or faults beyond the first hundred.
 *
 * @param doubts attempts of earlier requests that may have stored these events
 */
export function errorsOf(
  error: PublishError,
  events: readonly IdentifiedEvent[],
  doubts: number,
): PublishError[] | undefined {
  const { reason, status, code, attempts, cause } = error;
  const faults = events.map((_, index) => faultsAt(`/${index}`, error.faults));
  if (status === 422 && faults.every((ofEvent) => ofEvent.length > 0)) {
    return events.map((event, index) => brokenRule(event, faults[index] ?? [], attempts));
  }
  const isAboutBody = status === 400 || status === 413 || status === 422;
  if (isAboutBody && events.length > 1) return undefined;
  const doubtfulAttempts = error.doubtfulAttempts + doubts;
  const outcome = isDoubtful(doubtfulAttempts, code) ? "unknown" : error.outcome;
  const details = { outcome, reason, status, code, attempts, doubtfulAttempts, cause } as const;
  return events.map((event) => new PublishError({ ...details, events: [event] }));
}

function faultsAt(pointer: string, faults: readonly Fault[]): Fault[] {
  return faults
    .filter((fault) => fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`))
    .map((fault) => ({ ...fault, pointer: fault.pointer.slice(pointer.length) }));
}

function brokenRule(event: IdentifiedEvent, faults: Fault[], attempts: number): PublishError {
  const reason = faults.map(({ pointer, detail }) => `${pointer} ${detail}`.trim()).join(", ");
  const details = { status: 422, code: "invalid_event", reason, faults, attempts };
  return new PublishError({ outcome: "refused", events: [event], ...details });
}
