import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalHash } from "./canonical.ts";
import { isSameJson } from "./value.ts";

const isSameHash = (left: string, right: string) => canonicalHash(left).equals(canonicalHash(right));

const PAIRS: [left: string, right: string][] = [
  ["1", "1.0"],
  ["10e-1", "1"],
  ["0", "-0.0e5"],
  ["100", "1E+2"],
  ["1200", "12e2"],
  ["0.0012", "1.2e-0003"],
  ["12345678901234567890.0", "12345678901234567890"],
  ["12345678901234567890", "12345678901234567891"],
  ["0.1000000000000000055", "0.1"],
  ["1e400", `1${"0".repeat(400)}`],
  ["1e400", "1e401"],
  ["1e-400", `0.${"0".repeat(399)}1`],
  ["1e-400", "0"],
  ["[1,2]", "[ 1 ,\n2.0]\t"],
  ["[1,2]", "[12]"],
  ["[1,-2]", "[1,2]"],
  ["[[],{}]", "[{},[]]"],
  ['{"a":1,"b":[2]}', ' { "b" : [ 2.0 ], "a" : 1 } '],
  ['{"a":1,"a":2}', '{"a":2}'],
  ['{"a":1,"b":0,"a":2}', '{"b":0,"a":2}'],
  ['{"a":1,"\\u0061":2}', '{"a":2}'],
  ['{"a":1,"a":2}', '{"a":2,"a":1}'],
  ['{"ab":1,"a":2}', '{"a":2,"ab":1}'],
  ['{"b":{"d":1,"c":2},"a":[{"f":1,"e":2}]}', '{"a":[{"e":2,"f":1}],"b":{"c":2,"d":1}}'],
  ['{"a":{"b":1},"c":2}', '{"a":{"b":1,"c":2}}'],
  ['"\\u0041\\/\\t"', '"A/\\u0009"'],
  ['"\\u00e9\\ud83c\\udf0a"', '"\u00e9\u{1f30a}"'],
  ['"\\"\\\\"', '"\\u0022\\u005c"'],
  ['["a\\",\\"b"]', '["a","b"]'],
  ['"1"', "1"],
  ["null", "0"],
  ['{"__proto__":1}', "{}"],
];

test.each(PAIRS)("the hashes of %s and %s are equal if their values are", (left, right) => {
  expect(isSameHash(left, right)).toBe(isSameJson(left, right));
});

// A few words and numbers, so that two texts often have the same value in another spelling.
const scalar = fc.oneof(
  fc.constantFrom("null", "true", "1", "1.0", "10e-1", "10", "1e1", "0", "-0", "0.10", "1E-1", "-1", "100e-1"),
  fc.constantFrom('"a"', '"\\u0061"', '"1"', '"\\n"', '"\\u000A"', '"\\\\"', '"\\u005c"', '"\\""', '"\u{1f30a}"', '""'),
);
const key = fc.constantFrom('"a"', '"\\u0061"', '"b"', '"ab"', '""', '"\\\\"', '"__proto__"');
const space = fc.constantFrom("", "", " ", "\n");
const { text } = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    scalar,
    fc.array(tie("text"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
    fc
      .array(fc.tuple(key, space, tie("text")), { maxLength: 4 })
      .map((members) => `{${members.map(([name, gap, value]) => `${name}${gap}:${gap}${value}${gap}`).join(",")}}`),
  ),
}));

test("two texts have the same hash if and only if they have the same value", () => {
  fc.assert(
    fc.property(text, text, (left, right) => {
      expect(isSameHash(left, right)).toBe(isSameJson(left, right));
    }),
    { numRuns: 1_000 },
  );
});

test("two numbers have the same hash if and only if they have the same value", () => {
  const number = fc
    .tuple(fc.constantFrom("", "-"), fc.nat(120), fc.stringMatching(/^\d{0,3}$/), fc.integer({ min: -3, max: 3 }))
    .map(([sign, whole, fraction, power]) => `${sign}${whole}${fraction === "" ? "" : `.${fraction}`}e${power}`);
  fc.assert(
    fc.property(number, number, (left, right) => {
      expect(isSameHash(left, right)).toBe(isSameJson(left, right));
    }),
    { numRuns: 1_000 },
  );
});

test("a value has the same hash in any order of keys and with any white space", () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
      Object.entries(value)
        .toReversed()
        .map(([name, member]) => [name, reversed(member)]),
    );
  };
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      expect(isSameHash(JSON.stringify(value), JSON.stringify(reversed(value), null, 1))).toBe(true);
    }),
  );
});

test("a number of many zeros and a value of a thousand levels are hashed", () => {
  const zeros = `1${"0".repeat(131_000)}1`;
  expect(isSameHash(zeros, `${zeros}.0`)).toBe(true);
  const deep = `${'{"b":0,"a":'.repeat(1_000)}1${"}".repeat(1_000)}`;
  const ordered = `${'{"a":'.repeat(1_000)}1${',"b":0}'.repeat(1_000)}`;
  expect(isSameHash(deep, ordered)).toBe(true);
});
