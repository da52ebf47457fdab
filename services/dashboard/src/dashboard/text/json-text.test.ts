import { describe, expect, test } from "vitest";
import { elements, isSameScalar, leaves, members, prettyJson } from "./json-text.js";

const SPACED = ' { "a" : 12345678901234567890 , "b\\"{" : [ 1.50 , { "c" : "}],:" } ] , "d" : {} , "e":[] } ';

describe("members and elements", () => {
  test("are the texts that stand there", () => {
    expect([...members(SPACED)]).toEqual([
      ["a", "12345678901234567890"],
      ['b"{', '[ 1.50 , { "c" : "}],:" } ]'],
      ["d", "{}"],
      ["e", "[]"],
    ]);
    expect(elements('[ 1.50 , { "c" : "}],:" }, [], "\\\\"]')).toEqual(["1.50", '{ "c" : "}],:" }', "[]", '"\\\\"']);
  });

  test("are none of what is empty", () => {
    expect([...members("{ }")]).toEqual([]);
    expect(elements("[]")).toEqual([]);
  });

  test("of repeated keys the last counts, and __proto__ is a key as others", () => {
    expect([...members('{"a":1,"__proto__":{"x":2},"a":3}')]).toEqual([
      ["a", "3"],
      ["__proto__", '{"x":2}'],
    ]);
  });
});

describe("pretty text", () => {
  test.each(['{"a":[1,{"b":"x, {y}: [z]"},[]],"c":{},"d":[[1],[2]],"e":null}', "[]", "{}", "1", '"a"', "[1]"])(
    "is what JSON.stringify makes of it: %s",
    (text) => {
      expect(prettyJson(text)).toBe(JSON.stringify(JSON.parse(text), null, 2));
    },
  );

  test("keeps every digit, and does not care how it was written", () => {
    expect(prettyJson(SPACED)).toContain('"a": 12345678901234567890,\n  "b\\"{": [\n    1.50,');
  });
});

test("leaves are named by their path", () => {
  expect(leaves('{"a":[1,{"b c":2}],"d":{},"e":{"f":null}}', "p")).toEqual([
    ["p.a[0]", "1"],
    ['p.a[1]["b c"]', "2"],
    ["p.d", "{}"],
    ["p.e.f", "null"],
  ]);
});

describe("a scalar is the same", () => {
  test.each([
    ["1", "1.0"],
    ["100", "1e2"],
    ["0.1000", "1E-1"],
    ["0", "-0.0"],
    ["0e5", "0"],
    ["12345678901234567890", "1.2345678901234567890e19"],
    ['"a"', '"\\u0061"'],
  ])("%s and %s", (one, other) => {
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
  ])("%s and %s are not", (one, other) => {
    expect(isSameScalar(one, other)).toBe(false);
  });
});
