import { isStorableNumber } from "@tidemark/json/number";
import { scanJson } from "@tidemark/json/scan";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

/**
 * The gateway checks whether the store can hold a text, in both shapes. These tests compare its scan with PostgreSQL.
 */
let client: pg.Client;

beforeAll(async () => {
  client = new pg.Client({ connectionString: inject("databaseUrl") });
  await client.connect();
});
afterAll(() => client.end());

async function isTakenByPostgres(json: string): Promise<boolean> {
  try {
    await client.query({ text: "SELECT FROM (SELECT $1::jsonb) AS taken", values: [json] });
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code?.startsWith("22")) return false;
    throw error;
  }
}

const isTakenByScan = (json: string) => scanJson(Buffer.from(json)).faults.length === 0;

const digits = (maxLength: number) =>
  fc.array(fc.constantFrom("0", "0", "1", "9"), { minLength: 1, maxLength }).map((all) => all.join(""));
const whole = digits(8).map((text) => text.replace(/^0+(?=\d)/, ""));
const exponent = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  ...[131_072, -16_383, 1_000_000_000, -1_000_000_000, 2_147_483_647].map((edge) =>
    fc.integer({ min: edge - 10, max: edge + 10 }),
  ),
);
const number = fc
  .record({
    sign: fc.constantFrom("", "-"),
    whole,
    fraction: fc.option(digits(8)),
    exponent: fc.option(fc.tuple(fc.constantFrom("e", "E", "e+"), exponent)),
  })
  .map(({ sign, whole, fraction, exponent }) => {
    const [letter, power] = exponent ?? ["", 0];
    const tail = letter === "" ? "" : `${power < 0 ? letter[0] : letter}${power}`;
    return `${sign}${whole}${fraction === null ? "" : `.${fraction}`}${tail}`;
  });

// The largest exponent of a zero differs between PostgreSQL 15 and 18; the limit of the scan is below both.
const HUGE_ZERO = /^-?0(\.0+)?[eE]\+?(1[0-9]{9}|2[0-9]{9})$/;

test("PostgreSQL accepts the same numbers as the scan", async () => {
  await fc.assert(
    fc.asyncProperty(number, async (text) => {
      fc.pre(!HUGE_ZERO.test(text));
      const isTaken = await isTakenByPostgres(text);
      expect([text, isStorableNumber(text), isTakenByScan(`{"n":[${text}]}`)]).toEqual([text, isTaken, isTaken]);
    }),
    { numRuns: 500 },
  );
});

test.each([
  ["131,072 digits", "9".repeat(131_072)],
  ["131,073 digits", "9".repeat(131_073)],
  ["131,072 digits after zeros of a fraction", `${"9".repeat(131_072)}.0`],
  ["16,383 digits after the point", `0.${"1".repeat(16_383)}`],
  ["16,384 digits after the point", `0.${"1".repeat(16_384)}`],
  ["16,384 zeros after the point", `0.${"0".repeat(16_384)}`],
  ["a zero with the largest exponent", "0e1000000000"],
  ["a zero with a small exponent", "0e-16383"],
  ["a zero with an exponent too small", "0e-16384"],
  ["an exponent beyond any integer", "1e99999999999999999999"],
  ["an exponent below any integer", "1e-99999999999999999999"],
])("the scan and PostgreSQL agree on a number of %s", async (_name, text) => {
  const isTaken = await isTakenByPostgres(text);

  expect(isStorableNumber(text)).toBe(isTaken);
  expect(isTakenByScan(`[${text}]`)).toBe(isTaken);
});

test("the scan refuses a zero whose exponent some versions of PostgreSQL refuse", () => {
  expect(isStorableNumber("0e1000000001")).toBe(false);
  expect(isStorableNumber("0e1073741823")).toBe(false);
});

test("PostgreSQL accepts the same strings as the scan", async () => {
  const piece = fc.constantFrom(
    ...'a \u00e9 \u{1f30a} \\\\ \\" \\n \\u0000 \\\\u0000 \\u0001 \\ud83c \\uDF0A \\udf0a \\ud83c\\udf0a \\uffff'.split(
      " ",
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
      const text = `{"${pieces.join("")}":["${pieces.toReversed().join("")}"]}`;
      expect([text, isTakenByScan(text)]).toEqual([text, await isTakenByPostgres(text)]);
    }),
    { numRuns: 500 },
  );
});
