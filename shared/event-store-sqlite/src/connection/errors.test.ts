import { InvalidInput, Unavailable } from "@tidemark/domain/errors";
import SqliteDatabase from "better-sqlite3";
import { expect, test } from "vitest";
import { fromErrorRecord, refusalOf, refusedByStore, toErrorRecord, translateSqliteError } from "./errors.ts";

/** Returns the error that SQLite itself throws. */
function errorOf(run: (database: SqliteDatabase.Database) => void): unknown {
  const database = new SqliteDatabase(":memory:");
  try {
    run(database);
  } catch (error) {
    return error;
  } finally {
    database.close();
  }
  throw new Error("SQLite threw no error");
}

const full = () =>
  errorOf((database) => {
    database.pragma("max_page_count = 2");
    database.exec("CREATE TABLE a (b); INSERT INTO a VALUES (zeroblob(100000))");
  });
const broken = () => errorOf((database) => database.exec("CREATE TABLE a (b CHECK (b)); INSERT INTO a VALUES (0)"));

test("a full disk is a store that cannot be reached", () => {
  const translated = translateSqliteError(full());

  expect(translated).toBeInstanceOf(Unavailable);
  expect(translated).toMatchObject({ code: "store_unreachable", cause: { code: "SQLITE_FULL" } });
});

test.each(["SQLITE_IOERR_FSYNC", "SQLITE_BUSY", "SQLITE_BUSY_SNAPSHOT", "SQLITE_LOCKED", "SQLITE_READONLY_DBMOVED"])(
  "%s is a store that cannot be reached",
  (code) => {
    expect(translateSqliteError(new SqliteDatabase.SqliteError("any text", code))).toBeInstanceOf(Unavailable);
  },
);

test("a broken constraint is a fault of the data", () => {
  const translated = translateSqliteError(broken());

  expect(translated).toBeInstanceOf(InvalidInput);
  expect(translated).toMatchObject({ code: "invalid_event", cause: { code: "SQLITE_CONSTRAINT_CHECK" } });
});

test("only a fault of the data is a refusal of an event", () => {
  expect(refusalOf(broken())).toEqual({ code: "SQLITE_CONSTRAINT_CHECK", reason: expect.stringContaining("CHECK") });
  expect(refusalOf(refusedByStore("no topic"))).toEqual({ code: "invalid_event", reason: "no topic" });
  for (const error of [full(), new Error("our bug"), "no error at all"]) expect(refusalOf(error)).toBeUndefined();
});

test("other errors are not translated", () => {
  const ours = [new Error("our bug"), errorOf((database) => database.exec("SELEC")), "no error at all"];

  for (const error of ours) expect(translateSqliteError(error)).toBe(error);
});

test("an error keeps its class, code and cause between threads", () => {
  const travelled = [full(), broken(), new TypeError("our bug")].map((error) =>
    fromErrorRecord(structuredClone(toErrorRecord(translateSqliteError(error)))),
  );

  expect(travelled[0]).toBeInstanceOf(Unavailable);
  expect(travelled[0]).toMatchObject({
    code: "store_unreachable",
    cause: { message: expect.stringContaining("full") },
  });
  expect(travelled[1]).toBeInstanceOf(InvalidInput);
  expect(travelled[1]).toMatchObject({ code: "invalid_event", status: 422 });
  expect(travelled[2]).toMatchObject({ message: "our bug", stack: expect.stringContaining("errors.test.ts") });
});
