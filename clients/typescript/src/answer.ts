import type { Problem, PublishAnswer } from "./contract.ts";
import { type Answer, isAnswer, type NoAnswer } from "./http-attempt.ts";

/** What an answer means for the one who sent the request. */
export type Meaning = "judged" | "refused" | "retry, nothing was taken" | "retry, it may have been taken";

export function readMeaning(answer: Answer | NoAnswer): Meaning {
  if (!isAnswer(answer)) return answer.wasSent ? "retry, it may have been taken" : "retry, nothing was taken";
  const { status } = answer;
  if (status >= 200 && status < 300) return "judged";
  if (status === 429) return "retry, nothing was taken";
  if (status < 500) return "refused";
  const code = readProblem(answer.body)?.code;
  // Tidemark's own 503 says by its code whether anything was taken; a proxy's says nothing.
  const isCertain = status === 503 && code !== undefined && code !== "outcome_unknown";
  return isCertain ? "retry, nothing was taken" : "retry, it may have been taken";
}

/** Why a request failed, in one line: what its problem says, or what became of the connection. */
export function describeFailure(answer: Answer | NoAnswer): string {
  if (!isAnswer(answer)) return answer.reason;
  const { code, detail } = readProblem(answer.body) ?? {};
  return [answer.status, code].filter(Boolean).join(" ") + (detail === undefined ? "" : `: ${detail}`);
}

/** The problem in an answer; undefined when its body is none of the service's. */
export function readProblem(body: unknown): (Partial<Problem> & Pick<Problem, "code">) | undefined {
  const isProblem = typeof body === "object" && body !== null && "code" in body && typeof body.code === "string";
  return isProblem ? (body as Problem) : undefined;
}

/** The answer of a publish or a receipt; undefined when its counts make no sense. */
export function readPublishAnswer(body: unknown): PublishAnswer | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { received, accepted, duplicates, conflicts = 0, dead_lettered = 0, pending = 0 } = body as PublishAnswer;
  const counts: unknown[] = [received, accepted, duplicates, conflicts, dead_lettered, pending];
  return counts.every(isCount) ? (body as PublishAnswer) : undefined;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
