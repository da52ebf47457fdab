import { type Answer, isAnswer, type NoAnswer } from "./http-attempt.ts";

/** The counts of a publish or a receipt. */
export interface Counts {
  received: number;
  accepted: number;
  duplicates: number;
  conflicts: number;
  deadLettered: number;
  pending: number;
}

/** The counts in an answer; undefined when it has none that make sense. */
export function readCounts(body: unknown): Counts | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { received, accepted, duplicates, conflicts = 0, dead_lettered = 0, pending = 0 } = body as WireCounts;
  const counts = { received, accepted, duplicates, conflicts, deadLettered: dead_lettered, pending };
  return Object.values(counts).every(isCount) ? (counts as Counts) : undefined;
}

type WireCounts = Partial<
  Record<"received" | "accepted" | "duplicates" | "conflicts" | "dead_lettered" | "pending", unknown>
>;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** What an answer means for the one who sent the request. */
export type Meaning = "judged" | "refused" | "retry, nothing was taken" | "retry, it may have been taken";

export function readMeaning(answer: Answer | NoAnswer): Meaning {
  if (!isAnswer(answer)) return answer.wasSent ? "retry, it may have been taken" : "retry, nothing was taken";
  const { status } = answer;
  if (status >= 200 && status < 300) return "judged";
  if (status === 429) return "retry, nothing was taken";
  if (status < 500) return "refused";
  const code = readCode(answer.body);
  // Tidemark's own 503 says by its code whether anything was taken; a proxy's says nothing.
  const isCertain = status === 503 && code !== undefined && code !== "outcome_unknown";
  return isCertain ? "retry, nothing was taken" : "retry, it may have been taken";
}

/** Why a request failed, in one line: what its problem (RFC 9457) says, or what became of the connection. */
export function describeFailure(answer: Answer | NoAnswer): string {
  if (!isAnswer(answer)) return answer.reason;
  const { status, body } = answer;
  const detail = typeof body === "object" && body !== null && "detail" in body ? `: ${body.detail}` : "";
  return [status, readCode(body)].filter(Boolean).join(" ") + detail;
}

function readCode(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("code" in body)) return undefined;
  return typeof body.code === "string" ? body.code : undefined;
}
