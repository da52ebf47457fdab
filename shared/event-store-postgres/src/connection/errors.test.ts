import { InvalidInput, Unavailable } from "@tidemark/domain/errors";
import pg from "pg";
import { expect, test } from "vitest";
import { translate } from "./errors.ts";

/** Returns the error that the driver throws when the server answers with this SQLSTATE. */
function databaseError(state: string): pg.DatabaseError {
  const error = new pg.DatabaseError("in any language", 0, "error");
  error.code = state;
  return error;
}

test.each(["22P02", "23514", "54000"])("SQLSTATE %s is a fault of the data", (state) => {
  const error = databaseError(state);

  expect(translate(error)).toBeInstanceOf(InvalidInput);
  expect(translate(error)).toMatchObject({ code: "invalid_event", cause: error });
});

test.each([
  "08006",
  "25006",
  "28P01",
  "3D000",
  "40001",
  "42703",
  "42883",
  "42P01",
  "53300",
  "55000",
  "57014",
  "57P03",
  "58030",
  "XX000",
])("SQLSTATE %s means that the store cannot be reached", (state) => {
  const error = databaseError(state);

  expect(translate(error)).toBeInstanceOf(Unavailable);
  expect(translate(error)).toMatchObject({ code: "store_unreachable", cause: error });
});

test.each(["42601", "0A000"])("SQLSTATE %s is our bug", (state) => {
  const error = databaseError(state);

  expect(translate(error)).toBe(error);
});

test("a missing right of the role is retried, and the error names the command that grants it", () => {
  expect(translate(databaseError("42501"))).toBeInstanceOf(Unavailable);
  expect(translate(databaseError("42501"))).toMatchObject({ message: expect.stringContaining("`migrate`") });
});

test("an error of the driver without an answer of the server is a store that cannot be reached", () => {
  expect(translate(new Error("Connection terminated unexpectedly"))).toBeInstanceOf(Unavailable);
});

test("misuse of the driver is our bug", () => {
  const error = new TypeError("Client was passed a null or undefined query");

  expect(translate(error)).toBe(error);
});
