import { InvalidInput, Unavailable } from "@tidemark/domain/errors";
import { OUT_OF_TIME, type Refusal } from "@tidemark/event-store/refusal";
import pg from "pg";
import { readMigrations } from "../schema/migrate.ts";

/**
 * The meaning of PostgreSQL's errors by SQLSTATE (PostgreSQL manual, appendix A), never by their messages, which depend
 * on the language of the server.
 */
const DATA_CLASSES = new Set(["22", "23", "54"]); // data exception, constraint, program limit
// Connection, rollback, resources, operator, system.
const SERVER_CLASSES = new Set(["08", "40", "53", "57", "58"]);
// Authorization, no such database, not in the required state, internal error. These happen while an operator works on
// the server, for example rotates a password, creates or restores the database, promotes a replica, or repairs a
// damaged page. Retrying indefinitely loses no data and recovers without help. If a setting is wrong, the log line of
// the process that retries has the message of the server.
const OPERATOR_CLASSES = new Set(["28", "3D", "55", "XX"]);
const MISSING = new Set(["42P01", "42703", "42883"]); // undefined table, undefined column, undefined function
// A replica answered, because the address still leads to it after a failover.
const READ_ONLY_TRANSACTION = "25006";
// The owner has not migrated yet, or has not migrated since the role was created.
const INSUFFICIENT_PRIVILEGE = "42501";
const QUERY_CANCELED = "57014";
const SERIALIZATION_FAILURE = "40001";
const DEADLOCK_DETECTED = "40P01";

/**
 * Translates an error of the driver into `InvalidInput` or `Unavailable`. Returns any other error, which is our bug, as
 * it is.
 */
export function translate(error: unknown): unknown {
  if (isMisuse(error)) return error;
  // An error without an answer of the server is about the connection: refused, lost or timed out. Most of them have no
  // code.
  if (!(error instanceof pg.DatabaseError)) return unreachable("the database cannot be reached", error);
  const state = error.code ?? "";
  const stateClass = state.slice(0, 2);
  if (DATA_CLASSES.has(stateClass)) {
    const detail = `the database refused the data (SQLSTATE ${state}): ${error.message}`;
    return new InvalidInput({ code: "invalid_event", status: 422, detail, cause: error });
  }
  if (MISSING.has(state)) {
    return unreachable("the database has no tables yet; the first consumer that starts creates them", error);
  }
  if (state === INSUFFICIENT_PRIVILEGE) {
    return unreachable(`the role lacks a right (${error.message}): run \`migrate\` as the owner of the tables`, error);
  }
  if (state === READ_ONLY_TRANSACTION) return unreachable("the database is a read-only replica", error);
  if (SERVER_CLASSES.has(stateClass) || OPERATOR_CLASSES.has(stateClass)) {
    return unreachable(`the database cannot answer now (SQLSTATE ${state})`, error);
  }
  return error;
}

function isMisuse(error: unknown): boolean {
  return !(error instanceof Error) || error instanceof TypeError || error instanceof RangeError;
}

function unreachable(detail: string, cause: unknown): Unavailable {
  return new Unavailable({ code: "store_unreachable", detail, cause });
}

/**
 * Returns the error of a missing table, column or function with its reason: the database has no tables yet, or it has
 * those of another release, which is named if it is newer. Starting a consumer helps only with the first. Returns any
 * other error as it is.
 */
export async function explainMissing(client: pg.ClientBase, error: unknown): Promise<unknown> {
  if (!MISSING.has(stateOf(error) ?? "")) return error;
  const { rows } = await client.query<{ name: string }>("SELECT name FROM migrations").catch(() => ({ rows: [] }));
  if (rows.length === 0) return error;
  const known = new Set(readMigrations().map(({ name }) => name));
  const newer = rows.map(({ name }) => name).filter((name) => !known.has(name));
  const explanation =
    newer.length === 0
      ? "the database has the tables of another release"
      : `the database has the tables of a newer release (${newer.sort().join(", ")}): run that release, or restore a backup from before its start`;
  return unreachable(explanation, (error as Unavailable).cause);
}

/**
 * Returns the reason for which the server refused an event, without the detail of the message, which repeats the data.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof InvalidInput)) return undefined;
  const { cause } = error;
  if (!(cause instanceof pg.DatabaseError)) return { code: error.code, reason: error.message };
  return { code: cause.code ?? error.code, reason: cause.message };
}

/** Whether the server ended a statement at its time limit. */
export function isOutOfTime(error: unknown): boolean {
  return stateOf(error) === QUERY_CANCELED;
}

/** Returns the refusal of an event that took longer than its limit. Returns undefined for any other error. */
export function timeRefusalOf(error: unknown, limitMs: number): Refusal | undefined {
  if (!isOutOfTime(error)) return undefined;
  return { code: OUT_OF_TIME, reason: `the database took longer than ${limitMs} ms for this event alone` };
}

// In each round at least one competitor succeeds, so a few retries are enough for the consumers of one database.
const MAX_ATTEMPTS = 10;

/** Runs a transaction again, at once, each time that the server rolls it back in favour of another one. */
export async function retryingRollbacks<Result>(run: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      const state = stateOf(error);
      const isRolledBack = state === SERIALIZATION_FAILURE || state === DEADLOCK_DETECTED;
      if (!isRolledBack || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Returns the SQLSTATE of a translated error. */
function stateOf(error: unknown): string | undefined {
  return error instanceof Unavailable && error.cause instanceof pg.DatabaseError ? error.cause.code : undefined;
}
