import { createRequire } from "node:module";

interface Connection {
  exec(sql: string): unknown;
  prepare(sql: string): { get(): unknown };
  close(): unknown;
}

// The store's own copy of SQLite: two copies in one process would not see each other's locks (sqlite.org/howtocorrupt.html).
const Database: new (path: string, options: { timeout: number }) => Connection = createRequire(
  import.meta.resolve("@tidemark/shared/errors"),
)("better-sqlite3");

function withTables<Result>(path: string, run: (database: Connection) => Result): Result {
  const database = new Database(path, { timeout: 5_000 });
  try {
    return run(database);
  } finally {
    database.close();
  }
}

/** Changes the tables of a file, which a store may have open. */
export function changeTables(path: string, sql: string): void {
  withTables(path, (database) => database.exec(sql));
}

/** The first row of an answer, from a file that a store may have open. */
export function readTables(path: string, sql: string): unknown {
  return withTables(path, (database) => database.prepare(sql).get());
}
