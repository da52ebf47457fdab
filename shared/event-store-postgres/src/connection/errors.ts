import { InvalidInput, Unavailable } from "@tidemark/domain/errors";
import type { Refusal } from "@tidemark/event-store/refusal";
import pg from "pg";

/**
 * What PostgreSQL said, by SQLSTATE (PostgreSQL manual, appendix A), never by its words, which depend on its language.
 */
const DATA_CLASSES = new Set(["22", "23", "54"]); // data exception, constraint, program limit
// Connection, rollback, resources, operator, system.
const SERVER_CLASSES = new Set(["08", "40", "53", "57", "58"]);
// Authorization, no such database, not in the state for it, internal error: a server whose operator is at work. A password
// is being rotated, the database made or restored, a replica promoted, a damaged page repaired. Waiting for it, for ever,
// loses nothing and mends itself; who mistyped a setting finds the server's own words in the log line of who waits.
const OPERATOR_CLASSES = new Set(["28", "3D", "55", "XX"]);
const MISSING = new Set(["42P01", "42883"]); // undefined table, undefined function
// A replica answered: the address still leads to it after a failover.
const READ_ONLY_TRANSACTION = "25006";
const QUERY_CANCELED = "57014";
const SERIALIZATION_FAILURE = "40001";
const DEADLOCK_DETECTED = "40P01";

/**
 * Runs calls of the driver, and says in our terms how they failed. Nothing else belongs inside: an error of ours in there
 * would be taken for a lost connection, and a bug of ours for a database to be waited for.
 */
export async function translatingErrors<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    throw translate(error);
  }
}

function translate(error: unknown): unknown {
  if (isMisuse(error)) return error;
  // What the driver throws without the server having said anything is about the connection: refused, lost, timed out.
  // Most of it are plain errors without a code.
  if (!(error instanceof pg.DatabaseError)) return unreachable("the database cannot be reached", error);
  const state = error.code ?? "";
  const stateClass = state.slice(0, 2);
  if (DATA_CLASSES.has(stateClass)) {
    const detail = `the database refused the data (SQLSTATE ${state}): ${error.message}`;
    return new InvalidInput({ code: "invalid_event", status: 422, detail, cause: error });
  }
  if (MISSING.has(state)) {
    return unreachable("the database has no tables yet; the first consumer to start against it makes them", error);
  }
  if (state === READ_ONLY_TRANSACTION) return unreachable("the database is a read-only replica", error);
  if (SERVER_CLASSES.has(stateClass) || OPERATOR_CLASSES.has(stateClass)) {
    return unreachable(`the database cannot answer now (SQLSTATE ${state})`, error);
  }
  return error;
}

/** Why the server does not take an event, in its own words and without its detail, which repeats the data. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof InvalidInput)) return undefined;
  const { cause } = error;
  if (!(cause instanceof pg.DatabaseError)) return { code: error.code, reason: error.message };
  return { code: cause.code ?? error.code, reason: cause.message };
}

/** Whether the server gave a statement up at its time limit. */
export function isOutOfTime(error: unknown): boolean {
  return error instanceof Unavailable && error.cause instanceof pg.DatabaseError && error.cause.code === QUERY_CANCELED;
}

function isMisuse(error: unknown): boolean {
  return !(error instanceof Error) || error instanceof TypeError || error instanceof RangeError;
}

/** What could not be done for want of a table or a function. */
export function isOfMissing(error: unknown): error is Unavailable {
  if (!(error instanceof Unavailable)) return false;
  return error.cause instanceof pg.DatabaseError && MISSING.has(error.cause.code ?? "");
}

export function unreachable(detail: string, cause: unknown): Unavailable {
  return new Unavailable({ code: "store_unreachable", detail, cause });
}

// Each retry lets at least one competitor through, so a handful is plenty for the consumers of one database.
const MAX_ATTEMPTS = 10;

/** Runs a transaction again, at once, while the server gives it up in favour of another one; translated or not. */
export async function retryingRollbacks<Result>(run: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const cause = error instanceof Unavailable ? error.cause : error;
      const state = cause instanceof pg.DatabaseError ? cause.code : undefined;
      const isRolledBack = state === SERIALIZATION_FAILURE || state === DEADLOCK_DETECTED;
      if (!isRolledBack || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}
