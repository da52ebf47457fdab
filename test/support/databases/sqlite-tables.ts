import Database from "better-sqlite3";

function withTables<Result>(path: string, run: (database: Database.Database) => Result): Result {
  const database = new Database(path, { timeout: 5_000 });
  try {
    return run(database);
  } finally {
    database.close();
  }
}

/** Changes the tables of a file. A store may have the file open. */
export function changeTables(path: string, sql: string): void {
  withTables(path, (database) => database.exec(sql));
}

/** Returns the first row of a query. A store may have the file open. */
export function readTables(path: string, sql: string): unknown {
  return withTables(path, (database) => database.prepare(sql).get());
}
