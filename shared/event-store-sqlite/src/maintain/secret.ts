import { randomBytes } from "node:crypto";
import type { Database } from "better-sqlite3";

const SECRET_BYTES = 32;

/** Prepares the reading of a secret of 43 characters of base64url. It is created when it is read for the first time. */
export function prepareReadOrCreateSecret(database: Database): (name: string) => string {
  const create = database.prepare<[string, string]>("INSERT INTO secrets (name, value) VALUES (?, ?)");
  const read = database.prepare<[string], { value: string }>("SELECT value FROM secrets WHERE name = ?");
  const readOrCreate = database.transaction((name: string): string => {
    const known = read.get(name)?.value;
    if (known !== undefined) return known;
    const value = randomBytes(SECRET_BYTES).toString("base64url");
    create.run(name, value);
    return value;
  });
  return readOrCreate.immediate;
}
