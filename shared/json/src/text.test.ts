import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrayItems, objectMembers, scanJson } from "./text.ts";

const bytes = (text: string) => Buffer.from(text);
const spaced = fc.json().map((text) => JSON.stringify(JSON.parse(text), null, 1));
const anyJson = fc.oneof(fc.json(), spaced);

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
    expect(scan).toEqual({ depth: 2, outerCommas: 1, innerCommas: 0, isBalanced: true, faults: [] });
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

describe("spans", () => {
  it("arrayItems finds the texts of the items", () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.boolean(), (values, isSpaced) => {
        const text = bytes(JSON.stringify(values, null, isSpaced ? 2 : undefined));
        const items = arrayItems(text, 0).map(({ start, end }) => JSON.parse(text.toString("utf8", start, end)));
        expect(JSON.stringify(items)).toBe(JSON.stringify(values));
      }),
    );
  });

  it("objectMembers finds the texts of the members", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue()), fc.boolean(), (value, isSpaced) => {
        const text = bytes(JSON.stringify(value, null, isSpaced ? 1 : undefined));
        const members = objectMembers(text, 0).map(({ key, start, end }) => [key, text.toString("utf8", start, end)]);
        const expected = Object.entries(value).map(([key, item]) => [key, JSON.stringify(item)]);
        expect(members.map(([key, item]) => [key, JSON.stringify(JSON.parse(item as string))])).toEqual(expected);
      }),
    );
  });

  it("objectMembers lists every repeated key", () => {
    expect(objectMembers(bytes('{"a":1,"\\u0061":2}'), 0).map(({ key }) => key)).toEqual(["a", "a"]);
  });

  it("arrayItems and objectMembers refuse a text that ends too early", () => {
    expect(() => arrayItems(bytes('[1, {"a": '), 0)).toThrow("not JSON");
    expect(() => objectMembers(bytes('{"a" 1}'), 0)).toThrow("not a JSON object");
  });
});
