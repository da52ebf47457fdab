import { InvalidInput, Unavailable } from "@tidemark/domain/errors";
import pg from "pg";
import { expect, test } from "vitest";
import { translatingErrors } from "./errors.ts";

/** What the driver throws when the server answers with this SQLSTATE. */
function databaseError(state: string): pg.DatabaseError {
  const error = new pg.DatabaseError("in any language", 0, "error");
  error.code = state;
  return error;
}

function translated(error: unknown): Promise<unknown> {
  return translatingErrors(() => Promise.reject(error)).catch((reason: unknown) => reason);
}

test.each(["22P02", "23514", "54000"])("SQLSTATE %s is a fault of the data", async (state) => {
  const error = databaseError(state);

  expect(await translated(error)).toBeInstanceOf(InvalidInput);
  expect(await translated(error)).toMatchObject({ code: "invalid_event", cause: error });
});

test.each([
  "08006",
  "25006",
  "28P01",
  "3D000",
  "40001",
  "42883",
  "42P01",
  "53300",
  "55000",
  "57014",
  "57P03",
  "58030",
  "XX000",
])("SQLSTATE %s is a store that cannot be reached", async (state) => {
  const error = databaseError(state);

  expect(await translated(error)).toBeInstanceOf(Unavailable);
  expect(await translated(error)).toMatchObject({ code: "store_unreachable", cause: error });
});

test.each(["42601", "42501", "0A000"])("SQLSTATE %s is our bug", async (state) => {
  const error = databaseError(state);

  expect(await translated(error)).toBe(error);
});

test("what the driver says without the server is a store that cannot be reached", async () => {
  expect(await translated(new Error("Connection terminated unexpectedly"))).toBeInstanceOf(Unavailable);
});

test("misuse of the driver is our bug", async () => {
  const error = new TypeError("Client was passed a null or undefined query");

  expect(await translated(error)).toBe(error);
});
