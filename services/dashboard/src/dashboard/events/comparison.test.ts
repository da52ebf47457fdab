import { expect, test } from "vitest";
import { compareEvents } from "./comparison.js";

const STORED = '{"topic":"t","source":"s","timestamp":"2025-10-23T10:00:00Z","payload":{"a":1,"b":[2,3]}}';

test("a value that differs comes first, and equal values follow in the order of the stored event", () => {
  const compared = compareEvents(STORED, STORED.replace("[2,3]", "[2,4]"));
  expect(compared.map(({ path, isSame }) => `${path} ${isSame}`)).toEqual([
    "payload.b[1] false",
    "source true",
    "timestamp true",
    "payload.a true",
    "payload.b[0] true",
  ]);
});

test("a value that only one of two events has differs", () => {
  const compared = compareEvents(STORED, STORED.replace('"a":1', '"c":1'));
  expect(compared.filter(({ isSame }) => !isSame)).toEqual([
    { path: "payload.a", stored: "1", duplicate: undefined, isSame: false },
    { path: "payload.c", stored: undefined, duplicate: "1", isSame: false },
  ]);
});

test("other spellings of a number, and fields that are not content, do not differ", () => {
  const duplicate = STORED.replace('"a":1', '"a":1.0').replace('"topic":"t"', '"received_at":"later"');
  expect(compareEvents(STORED, duplicate).filter(({ isSame }) => !isSame)).toEqual([]);
});

test("numbers that differ only beyond the digits of a double differ", () => {
  const [one, other] = ["12345678901234567890", "12345678901234567891"].map((n) => STORED.replace('"a":1', `"a":${n}`));
  expect(compareEvents(`${one}`, `${other}`)[0]).toMatchObject({ path: "payload.a", isSame: false });
});
