import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isStorableNumber } from "./number.ts";
import { scanJson } from "./scan.ts";

const bytes = (text: string) => Buffer.from(text);
const spaced = fc.json().map((text) => JSON.stringify(JSON.parse(text), null, 1));
const anyJson = fc.oneof(fc.json(), spaced);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function depthOf(value: unknown): number {
  if (value === null || typeof value !== "object") return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

describe("scanJson", () => {
  it("scanJson counts the levels of any JSON text", () => {
    fc.assert(
      fc.property(anyJson, (text) => {
        expect(scanJson(bytes(text)).depth).toBe(depthOf(JSON.parse(text)));
      }),
    );
  });

  it("scanJson ignores brackets, commas and numbers inside strings", () => {
    const scan = scanJson(bytes('{"a[{": "]}\\"[[[,1e999999", "b": []}'));
    expect(scan).toEqual({ depth: 2, faults: [], faultCount: 0 });
  });

  const unstorable: [text: string, offset: number][] = [
    ['"\\u0000"', 1],
    ['"ab\\u0000"', 3],
    ['"\\ud800"', 1],
    ['"\\udc00"', 1],
    ['"\\ud83d\\u0041"', 1],
    ['"\\ude00\\ud83d"', 1],
    ['{"\\u0000": 1}', 2],
    ["[1e140000]", 1],
    ["[1, 1e-20000]", 4],
    [`[0.${"1".repeat(17_000)}]`, 1],
    [`[${"1".repeat(131_073)}]`, 1],
  ];
  it.each(unstorable.map(([text, offset]) => [text.slice(0, 40), text, offset] as const))(
    "scanJson finds what cannot be stored in %s",
    (_start, text, offset) => {
      expect(scanJson(bytes(text)).faults.map((fault) => fault.offset)).toContain(offset);
    },
  );

  const storable = [
    '"\\ud83d\\ude00"',
    '"\\\\u0000"',
    '"\\u0001"',
    "[1e400, -1E-400, 0e0, 1.5e+10]",
    '"1e140000"',
    `[${"1".repeat(131_072)}]`,
  ];
  it.each(storable.map((text) => [text.slice(0, 40), text] as const))(
    "scanJson finds no fault in %s",
    (_start, text) => {
      expect(scanJson(bytes(text)).faults).toEqual([]);
    },
  );

  it("all faults are counted, and the first hundred are kept", () => {
    const { faults, faultCount } = scanJson(bytes(JSON.stringify(Array(1_000_000).fill("\u0000"))));
    expect([faults.length, faultCount]).toEqual([100, 1_000_000]);
  });

  it.each([
    ["", 0],
    [" ", 1],
    ["[1,]", 3],
    ["[1 2]", 3],
    ["[1}", 2],
    ['{"a":1]', 6],
    ['{"a"}', 4],
    ['{"a":}', 5],
    ["{1:2}", 1],
    ['{"a":1,}', 7],
    ["[", 1],
    ["1 1", 2],
    ["nul", 3],
    ["nulL", 3],
    ["True", 0],
    ["01", 1],
    ["-", 1],
    ["1.", 2],
    ["1e+", 3],
    [".5", 0],
    ['"a', 2],
    ['"\n"', 1],
    ['"\\x"', 2],
    ['"\\u00g0"', 2],
    ["\ufeff1", 0],
    ["\u00a01", 0],
    ["1\u0000", 1],
  ])("%j is not JSON from byte %i on", (text, offset) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(scanJson(bytes(text)).malformedAt).toBe(offset);
  });

  it("scanJson accepts and refuses the same texts as JSON.parse", () => {
    const token = fc.constantFrom(
      ...'{}[]:,"\\ 01.eE+-u'.split(""),
      "true",
      "null",
      '"a"',
      '"a":',
      "1.5e3",
      "\\u0041",
      "\n",
      "\t",
    );
    const tokens = fc.array(token, { maxLength: 12 }).map((list) => list.join(""));
    const damaged = fc.tuple(anyJson, fc.nat(), token).map(([text, at, piece]) => {
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + piece + text.slice(cut + (at % 2));
    });
    fc.assert(
      fc.property(fc.oneof(tokens, anyJson, damaged), (text) => {
        expect(scanJson(bytes(text)).malformedAt === undefined, text).toBe(isJson(text));
      }),
      { numRuns: 20_000 },
    );
  });

  it("a number is refused if and only if its exact size cannot be stored", () => {
    const digits = fc.nat({ max: 3 }).map((zeros) => `${"0".repeat(zeros)}7`);
    const number = fc
      .tuple(
        fc.constantFrom("", "-"),
        fc.constantFrom("0", "12", "9"),
        fc.option(digits),
        fc.integer({ min: -20_000, max: 140_000 }),
      )
      .map(
        ([sign, whole, fraction, exponent]) => `${sign}${whole}${fraction === null ? "" : `.${fraction}`}e${exponent}`,
      );
    fc.assert(
      fc.property(number, (text) => {
        expect(scanJson(bytes(`[${text}]`)).faultCount === 0, text).toBe(isStorableNumber(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it("scanJson ends for bytes that are not JSON", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => {
        expect(scanJson(garbage).depth).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it("scanJson counts a million levels", () => {
    expect(scanJson(bytes("[".repeat(1_000_000))).depth).toBe(1_000_000);
  });
});
