import SqliteDatabase from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { checkPragmas, readSqliteDurability } from "./durability.ts";

test.each([
  ["wal", 2, "safe"],
  ["wal", 3, "safe"],
  ["wal", 1, "unsafe"],
  ["wal", 0, "unsafe"],
  ["truncate", 2, "safe"],
  ["delete", 2, "unsafe"],
  ["delete", 3, "safe"],
  ["memory", 3, "unsafe"],
  ["off", 3, "unsafe"],
])("a journal %s with synchronous %i is %s", (journalMode, synchronous, status) => {
  expect(checkPragmas({ journalMode, synchronous }).status).toBe(status);
});

test("a finding names the setting and its value", () => {
  const [finding] = checkPragmas({ journalMode: "wal", synchronous: 1 }).findings;
  expect(finding).toMatchObject({ part: "store", detail: expect.stringContaining("synchronous=NORMAL") });
});

test("reads the settings of the connection", () => {
  const database = new SqliteDatabase(":memory:");
  onTestFinished(() => void database.close());
  expect(readSqliteDurability(database).findings[0]?.detail).toContain("journal_mode=memory");
});
