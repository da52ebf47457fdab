import type { Audit } from "@tidemark/event-store/audit";
import SqliteDatabase from "better-sqlite3";
import { explainUnreadable } from "../connection/damage.ts";
import { auditInSnapshot } from "../maintain/audit.ts";
import { checkSchema, isOlder, migrate } from "../schema/migrate.ts";

/**
 * Checks a copy that no service has opened: the version of its schema, each page and index, and the books. A copy of an
 * older version is brought up to date, because an audit needs the present tables.
 *
 * @throws {Error} if it is not a database of Tidemark, is damaged, or has the schema of a newer version
 */
export function verifyCopy(path: string): Audit {
  try {
    const database = new SqliteDatabase(path, { fileMustExist: true });
    try {
      if (isOlder(database)) migrate(database);
      checkSchema(database);
      const faults = database.prepare<[], string>("PRAGMA integrity_check(10)").pluck().all();
      if (faults.join() !== "ok") throw new Error(`${path} is damaged: ${faults.join("; ")}`);
      return auditInSnapshot(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw explainUnreadable(path, error);
  }
}
