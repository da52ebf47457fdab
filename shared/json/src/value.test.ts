import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSameJson } from "./value.ts";

describe("isSameJson", () => {
  it.each([
    ["1", "1.0"],
    ["10e-1", "1"],
    ["0", "-0.0e5"],
    ['{"a":1,"b":[2]}', ' { "b" : [ 2.0 ], "a" : 1 } '],
    ['{"a":1,"a":2}', '{"a":2}'],
    ['"\\u0041"', '"A"'],
    ["12345678901234567890.0", "12345678901234567890"],
    ["1e400", `1${"0".repeat(400)}`],
    ["1e-400", `0.${"0".repeat(399)}1`],
    ["100000", "1e5"],
    ["[0.1000000000000000000]", "[0.1]"],
  ])("isSameJson: %s is %s", (left, right) => expect(isSameJson(left, right)).toBe(true));

  it.each([
    ["12345678901234567890", "12345678901234567891"],
    ["0.1000000000000000055", "0.1"],
    ["1e400", "1e401"],
    ["1e-400", "0"],
    ['["\\"12345678901234567890"]', '["\\"12345678901234567891"]'],
    ['"12345678901234567890"', "12345678901234567890"],
    ['{"a":{}}', '{"a":[]}'],
    ['{"toString":1}', '{"valueOf":1}'],
    ["1", '"1"'],
    ["1", "-1"],
    ["[1,2]", "[2,1]"],
    ["{}", "[]"],
    ["null", "0"],
    ['{"a":1}', '{"a":1,"b":null}'],
    ['{"__proto__":1}', "{}"],
  ])("isSameJson: %s is not %s", (left, right) => expect(isSameJson(left, right)).toBe(false));

  it.each([
    ["x\\\\", 'x\\"'],
    ["\\\\", "\\n"],
    ["x\\u005C", "x\\u0061"],
    ["\\\\n", "\\nx"],
  ])("isSameJson does not confuse a key with one of an earlier object: %s, %s", (earlier, key) => {
    const [first, second] = [`{"a":1,"${earlier}":2}`, `{"a":1,"${key}":2}`];
    for (let round = 0; round < 3; round++) {
      JSON.parse(first); // the parser remembers its keys
      expect(isSameJson(second, `{"${key}":2,"a":1}`)).toBe(true);
      expect(isSameJson(first, `{"${earlier}":2,"a":1}`)).toBe(true);
      expect(isSameJson(first, second)).toBe(false);
    }
  });

  it("isSameJson distinguishes a string that begins with a backslash from a long number", () => {
    expect(isSameJson('"\\\\12345678901234567890"', "12345678901234567890")).toBe(false);
  });

  it("isSameJson compares long numbers in linear time", () => {
    const long = `1${"0".repeat(131_000)}1`;
    expect(isSameJson(long, `${long}.0`)).toBe(true);
  });

  it("isSameJson agrees with exact arithmetic about any two numbers", () => {
    const number = fc
      .tuple(
        fc.boolean(),
        fc.bigInt({ min: 1n, max: 10n ** 20n }),
        fc.integer({ min: -400, max: 400 }),
        fc.nat({ max: 3 }),
      )
      .map(([isNegative, digits, exponent, zeros]) => {
        const text = `${isNegative ? "-" : ""}${digits}${"0".repeat(zeros)}e${exponent - zeros}`;
        return { text, value: (isNegative ? -digits : digits) * 10n ** BigInt(exponent + 400) };
      });
    fc.assert(
      fc.property(number, number, fc.boolean(), (left, right, isSimilar) => {
        const other = isSimilar ? { text: `${left.text.replace("e", "0e")}`, value: left.value * 10n } : right;
        expect(isSameJson(`[${left.text}]`, `[${other.text}]`)).toBe(left.value === other.value);
      }),
    );
  });

  it("isSameJson is true for any value in any spelling", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(isSameJson(JSON.stringify(value), JSON.stringify(value, null, 2))).toBe(true);
      }),
    );
  });
});
