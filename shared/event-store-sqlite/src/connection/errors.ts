import { InvalidInput, Unavailable } from "@tidemark/domain/errors";
import type { Refusal } from "@tidemark/event-store/refusal";

/**
 * Primary result codes. A damaged file (CORRUPT, NOTADB) is not the fault of an event that meets a damaged page, and a
 * restart would not repair it. Therefore no event is dead-lettered, and the process continues and reports the remedy
 * (damage.ts). An extended code such as SQLITE_IOERR_FSYNC begins with its primary one (sqlite.org/rescode.html).
 */
const UNREACHABLE = /^SQLITE_(FULL|IOERR|BUSY|LOCKED|CANTOPEN|READONLY|NOMEM|PROTOCOL|CORRUPT|NOTADB)(_|$)/;
const REFUSED = /^SQLITE_(CONSTRAINT|TOOBIG|MISMATCH)(_|$)/;

/** Returns the SQLite result code of an error, or "" if SQLite did not throw it. */
export function sqliteCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && code.startsWith("SQLITE_") ? code : "";
}

/** Translates an error of SQLite into the one that the port promises. Returns any other error as it is. */
export function translateSqliteError(error: unknown): unknown {
  const code = sqliteCode(error);
  if (UNREACHABLE.test(code)) return storeUnreachable(`the store cannot work at the moment: ${code}`, error);
  if (REFUSED.test(code)) return refusedByStore(`the store refused an event: ${code}`, error);
  return error;
}

/** Returns the refusal of an event for its data; undefined for an error that has another cause. */
export function refusalOf(error: unknown): Refusal | undefined {
  const translated = translateSqliteError(error);
  if (!(translated instanceof InvalidInput)) return undefined;
  return { code: sqliteCode(error) || translated.code, reason: error instanceof Error ? error.message : "" };
}

export function storeUnreachable(detail: string, cause?: unknown): Unavailable {
  return new Unavailable({ code: "store_unreachable", detail, cause });
}

export function refusedByStore(detail: string, cause?: unknown): InvalidInput {
  return new InvalidInput({ code: "invalid_event", status: 422, detail, cause });
}

/** An error on its way from one thread to another. Cloning an error loses its class and its code. */
export interface ErrorRecord {
  kind: "InvalidInput" | "Unavailable" | "Error";
  code: string;
  status: number;
  detail: string;
  stack: string | undefined;
  cause: ErrorRecord | undefined;
}

export function toErrorRecord(error: unknown): ErrorRecord {
  const { message: detail, stack, cause } = error instanceof Error ? error : new Error(String(error));
  const shared = { detail, stack, cause: cause === undefined ? undefined : toErrorRecord(cause) };
  if (error instanceof InvalidInput) return { kind: "InvalidInput", code: error.code, status: error.status, ...shared };
  if (error instanceof Unavailable) return { kind: "Unavailable", code: error.code, status: 0, ...shared };
  return { kind: "Error", code: codeOf(error), status: 0, ...shared };
}

/** Returns the code of an error, of SQLite or of our own, or "" if it has none. */
function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

export function fromErrorRecord({ kind, code, status, detail, stack, cause }: ErrorRecord): Error {
  const origin = cause && fromErrorRecord(cause);
  if (kind === "InvalidInput") {
    return new InvalidInput({ code: code as InvalidInput["code"], status, detail, cause: origin });
  }
  if (kind === "Unavailable") return new Unavailable({ code: code as Unavailable["code"], detail, cause: origin });
  const error = new Error(detail, { cause: origin });
  if (stack !== undefined) error.stack = stack;
  return code === "" ? error : Object.assign(error, { code });
}
