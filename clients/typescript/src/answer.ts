import type { Fault, Problem, PublishAnswer } from "./contract.ts";
import { type Answer, isAnswer, type NoAnswer } from "./http-attempt.ts";

/** The meaning of an answer for the sender of the request; `success` is a 2xx. */
export type Meaning = "success" | "refused" | "retry, nothing was taken" | "retry, it may have been taken";

export function readMeaning(answer: Answer | NoAnswer): Meaning {
  if (!isAnswer(answer)) return answer.wasSent ? "retry, it may have been taken" : "retry, nothing was taken";
  const { status } = answer;
  if (status >= 200 && status < 300) return "success";
  if (status === 429) return "retry, nothing was taken";
  if (status < 500) return "refused";
  const code = readProblem(answer.body)?.code;
  // The code of Tidemark's own 503 says whether events were taken; the 503 of a proxy has none.
  const isCertain = status === 503 && code !== undefined && code !== "outcome_unknown";
  return isCertain ? "retry, nothing was taken" : "retry, it may have been taken";
}

/** Describes a failure in one line: the problem in the answer, or the error of the connection. */
export function describeFailure(answer: Answer | NoAnswer): string {
  if (!isAnswer(answer)) return answer.reason;
  const location = answer.status >= 300 && answer.status < 400 ? answer.headers.get("location") : null;
  if (location !== null) return `${answer.status}: moved to ${location}; redirects are not followed, use the new URL`;
  const { code, detail } = readProblem(answer.body) ?? {};
  return [answer.status, code].filter(Boolean).join(" ") + (detail === undefined ? "" : `: ${detail}`);
}

/** Reads the problem in an answer, with the faults that have the service's format; undefined if the body is not a problem. */
export function readProblem(body: unknown): (Partial<Problem> & Pick<Problem, "code">) | undefined {
  if (!hasTexts(body, "code")) return undefined;
  const problem = body as Problem;
  // The errors in a problem of a proxy may have another format.
  const faults: unknown[] = Array.isArray(problem.errors) ? problem.errors : [];
  return { ...problem, errors: faults.filter((fault) => hasTexts(fault, "pointer", "detail")) as Fault[] };
}

/** Reads the answer of a publish or a receipt; undefined if it is malformed. */
export function readPublishAnswer(body: unknown): PublishAnswer | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { received, accepted, duplicates, conflicts = 0, dead_lettered = 0, pending = 0 } = body as PublishAnswer;
  const counts: unknown[] = [received, accepted, duplicates, conflicts, dead_lettered, pending];
  const { rejected = [], results = [] } = body as PublishAnswer;
  const areLists = isListWith(rejected, "pointer", "reason") && isListWith(results, "status");
  return counts.every(isCount) && areLists ? (body as PublishAnswer) : undefined;
}

/** The counts of a publish or a receipt; counts that an answer omits are 0. */
export interface Counts {
  received: number;
  accepted: number;
  /** Conflicts included. */
  duplicates: number;
  conflicts: number;
  deadLettered: number;
  pending: number;
}

export function countsOf(answer: PublishAnswer): Counts {
  const { received, accepted, duplicates, conflicts = 0, dead_lettered: deadLettered = 0, pending = 0 } = answer;
  return { received, accepted, duplicates, conflicts, deadLettered, pending };
}

function isListWith(value: unknown, ...names: string[]): boolean {
  return Array.isArray(value) && value.every((item) => hasTexts(item, ...names));
}

function hasTexts(value: unknown, ...names: string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "string");
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
