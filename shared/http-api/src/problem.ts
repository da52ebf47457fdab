import { STATUS_CODES } from "node:http";
import { type Fault, InvalidInput, LimitExceeded, Unavailable } from "@tidemark/domain/errors";

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

export function createProblem(status: number, code: string, detail: string): Problem {
  return { type: "about:blank", title: STATUS_CODES[status] ?? "Error", status, detail, code };
}

/** Returns the problem of an error that is meant for the client, and undefined for a bug of our own. */
export function problemOf(error: unknown): Problem | undefined {
  if (error instanceof InvalidInput) {
    const problem = createProblem(error.status, error.code, error.message);
    return error.faults.length === 0 ? problem : { ...problem, errors: error.faults, errors_total: error.faultsTotal };
  }
  if (error instanceof Unavailable) return createProblem(503, error.code, error.message);
  if (error instanceof LimitExceeded) return createProblem(429, error.code, error.message);
  return undefined;
}
