import { expect, test } from "vitest";
import { elements, isSameScalar, leaves, members, prettyJson, stringOf, textOf } from "./json-text.js";

const SPACED = ' { "a" : 12345678901234567890 , "b\\"{" : [ 1.50 , { "c" : "}],:" } ] , "d" : {} , "e":[] } ';

test("members of an object and elements of an array keep their text", () => {
  expect([...members(SPACED)]).toEqual([
    ["a", "12345678901234567890"],
    ['b"{', '[ 1.50 , { "c" : "}],:" } ]'],
    ["d", "{}"],
    ["e", "[]"],
  ]);
  expect(elements('[ 1.50 , { "c" : "}],:" }, [], "\\\\"]')).toEqual(["1.50", '{ "c" : "}],:" }', "[]", '"\\\\"']);
});

test("an empty object has no members, and an empty array no elements", () => {
  expect([...members("{ }")]).toEqual([]);
  expect(elements("[]")).toEqual([]);
});

test("of repeated keys the last one counts, and __proto__ is a key like any other", () => {
  expect([...members('{"a":1,"__proto__":{"x":2},"a":3}')]).toEqual([
    ["a", "3"],
    ["__proto__", '{"x":2}'],
  ]);
});

test("a member is read as text or as a string, and a missing one throws", () => {
  const object = members('{"text":"\\u0061","number":1.0}');
  expect([stringOf(object, "text"), textOf(object, "number")]).toEqual(["a", "1.0"]);
  expect(() => textOf(object, "other")).toThrow("the answer has no other");
});

test.each(['{"a":[1,{"b":"x, {y}: [z]"},[]],"c":{},"d":[[1],[2]],"e":null}', "[]", "{}", "1", '"a"', "[1]"])(
  "pretty JSON is what JSON.stringify makes of it: %s",
  (json) => {
    expect(prettyJson(json)).toBe(JSON.stringify(JSON.parse(json), null, 2));
  },
);

test("pretty JSON keeps every digit and drops the spaces of the text", () => {
  expect(prettyJson(SPACED)).toContain('"a": 12345678901234567890,\n  "b\\"{": [\n    1.50,');
});

test("leaves of a value are named by their path", () => {
  expect(leaves('{"a":[1,{"b c":2}],"d":{},"e":{"f":null}}', "p")).toEqual([
    ["p.a[0]", "1"],
    ['p.a[1]["b c"]', "2"],
    ["p.d", "{}"],
    ["p.e.f", "null"],
  ]);
});

test.each([
  ["1", "1.0"],
  ["100", "1e2"],
  ["0.1000", "1E-1"],
  ["0", "-0.0"],
  ["0e5", "0"],
  ["12345678901234567890", "1.2345678901234567890e19"],
  ['"a"', '"\\u0061"'],
])("the scalars %s and %s are the same", (one, other) => {
  expect(isSameScalar(one, other)).toBe(true);
});

test.each([
  ["12345678901234567890", "12345678901234567891"],
  ["0.1", "0.01"],
  ["10", "1"],
  ["1", "-1"],
  ["1", '"1"'],
  ["true", "false"],
  ["{}", "[]"],
  ["1", undefined],
])("the scalars %s and %s are not the same", (one, other) => {
  expect(isSameScalar(one, other)).toBe(false);
});

test("numbers with a million zeros in their middle are compared in one pass", () => {
  const zeros = "0".repeat(1_000_000);
  expect(isSameScalar(`1${zeros}1`, `1${zeros}1.0`)).toBe(true);
  expect(isSameScalar(`1${zeros}1`, `1${zeros}2`)).toBe(false);
});
