import { STATUS_CODES } from "node:http";
import { type Fault, InvalidInput, LimitExceeded, Unavailable } from "@tidemark/domain/errors";
import { shorten } from "@tidemark/json/shorten";

/** The problem details (RFC 9457) with which every service answers every error. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  /** The stable name of the error, for programs. */
  code: string;
  /** The first faults of the request's data. */
  errors?: Fault[];
  errors_total?: number;
}

export const PROBLEM_TYPE = "application/problem+json; charset=utf-8";

const MAX_DETAIL_CHARACTERS = 1_000;

/** Creates a problem. A detail that quotes a very long text is cut. */
export function createProblem(status: number, code: string, detail: string): Problem {
  const title = STATUS_CODES[status] ?? "Error";
  return { type: "about:blank", title, status, detail: shorten(detail, MAX_DETAIL_CHARACTERS), code };
}

const MAX_ERRORS = 100;

/** Returns the problem of an error that is meant for the client, and undefined for our own bug. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof InvalidInput) {
    const problem = createProblem(error.status, error.code, error.message);
    if (error.faults.length === 0) return problem;
    const errors = error.faults.slice(0, MAX_ERRORS).map((fault) => {
      return { ...fault, pointer: shorten(fault.pointer), detail: shorten(fault.detail) };
    });
    return { ...problem, errors, errors_total: error.faultsTotal };
  }
  if (error instanceof Unavailable) return createProblem(503, error.code, error.message);
  if (error instanceof LimitExceeded) return createProblem(429, error.code, error.message);
  return undefined;
}

const MAX_PROBLEM_BYTES = 64 * 1024;

/** Writes a problem as JSON of at most 64 KiB. If it is larger, fewer of its errors are listed; their total stays. */
export function problemText(problem: Problem): string {
  const text = JSON.stringify(problem);
  const { errors = [] } = problem;
  if (errors.length === 0 || Buffer.byteLength(text) <= MAX_PROBLEM_BYTES) return text;
  return problemText({ ...problem, errors: errors.slice(0, errors.length / 2) });
}
