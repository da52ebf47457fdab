import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import SqliteDatabase, { type Database } from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { migrate, readMigrations } from "./migrate.ts";

/** The SHA-256 of each released migration. Append the hash of a new one; the others never change. */
const RELEASED = [
  "ab958e01fd4db7ca2309691357a17b1d8018f971f5e730fbdc6e814a4c216d2e",
  "b370f1e44101e3e82bd4a20acbb14f401ad9cf0f9b9afcf3ff2ddbfce74cf00d",
  "940cba3a6696c240138720f6d9d2a859641a43b416ec516e00cbf213b48be4f2",
  "8a361b8290fe2c34c29f4600ca57c71608169f26dad49e88b70d042359615b8e",
  "5d5f141d947ead4ecac5500ed99412faa63eeb52babf15613339956c8d5df0a6",
  "6fe5e927baf4e312df12faf9d7bd8386807e2e32d2386a39abf45a8fd63f5372",
  "85185af767f3272179c24af5455f63a26cb009385c9e8b3dc78031c46cb2e9c5",
];

function openForTest(): Database {
  const database = new SqliteDatabase(":memory:");
  onTestFinished(() => void database.close());
  return database;
}

/** Reads the statement of each table and index from SQLite. */
function readSchema(database: Database): string {
  const statements = database.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name");
  return `${statements.pluck().all().join(";\n\n")};\n`;
}

test("no released migration was edited", () => {
  expect(readMigrations().map(({ sql }) => createHash("sha256").update(sql).digest("hex"))).toEqual(RELEASED);
});

test.each(readMigrations())(
  "version $version of the schema is the same as when it was released",
  async ({ version }) => {
    const database = openForTest();

    migrate(database, readMigrations().slice(0, version));

    await expect(readSchema(database)).toMatchFileSnapshot(`snapshots/version-${version}.sql`);
  },
);

test("the migration to version 1 creates the schema of the files of the first release", () => {
  const [written, migrated] = [openForTest(), openForTest()];

  written.exec(readFileSync(new URL("../fixture/version-1.sql", import.meta.url), "utf8"));
  migrate(migrated, readMigrations().slice(0, 1));

  expect(readSchema(migrated)).toBe(readSchema(written));
});
