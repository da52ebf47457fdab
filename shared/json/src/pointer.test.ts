import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { escapePointer, offsetDeeperThan, pointersAt, readShortened } from "./pointer.ts";
import { shorten } from "./shorten.ts";

const bytes = (text: string) => Buffer.from(text);

/** Every string in a value and the pointer to it, in order of the text. */
function strings(value: unknown, pointer = ""): [string, string][] {
  if (typeof value === "string") return [[pointer, value]];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, item]) => strings(item, `${pointer}/${escapePointer(key)}`));
}

describe("pointersAt", () => {
  it("a pointer leads to the value at an offset", () => {
    const text = '{"events":[{"a/b~c":[10,{"x":"here"}]}]}';
    expect(pointersAt(bytes(text), [text.indexOf("10"), text.indexOf("here")], 10)).toEqual([
      "/events/0/a~1b~0c/0",
      "/events/0/a~1b~0c/1/x",
    ]);
    expect(pointersAt(bytes(text), [text.indexOf("here")], 2)).toEqual(["/events/0"]);
  });

  it("an offset in a key gives the pointer of the object, and an offset of a bracket gives the pointer of its container", () => {
    const text = '[{"bad key":{}}]';
    expect(pointersAt(bytes(text), [text.indexOf("bad"), text.indexOf("{}")], 10)).toEqual(["/0", "/0/bad key"]);
  });

  it("pointersAt finds every string of any text", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1), (value, indent) => {
        let counter = 0;
        // Each string becomes unique, so that its place in the text is known.
        const numbered = JSON.parse(JSON.stringify(value), (_key, item) =>
          typeof item === "string" ? `string-${counter++}!` : item,
        );
        const text = JSON.stringify(numbered, null, indent);
        const expected = strings(numbered);
        const offsets = expected.map(([, name]) => Buffer.from(text.slice(0, text.indexOf(`"${name}"`))).length);
        expect(pointersAt(bytes(text), offsets, 100)).toEqual(expected.map(([pointer]) => pointer));
      }),
    );
  });

  it("a long pointer is cut in the middle", () => {
    const text = `{"${"a".repeat(5_000)}":{"${"/".repeat(100)}z":["here"]}}`;
    const whole = `/${"a".repeat(5_000)}/${"~1".repeat(100)}z/0`;
    expect(pointersAt(bytes(text), [text.indexOf("here")], 10)).toEqual([`/${"a".repeat(99)}…${whole.slice(-99)}`]);
  });

  it("only the two ends of a key of millions of characters are decoded, and only once for all offsets below it", () => {
    const text = bytes(`{"${"k".repeat(7_900_000)}":[${Array(100).fill('"here"').join()}]}`);
    const first = text.indexOf("here");
    const offsets = Array.from({ length: 100 }, (_, index) => first + index * 7);
    const before = process.memoryUsage();
    const pointers = pointersAt(text, offsets, 10);
    const after = process.memoryUsage();
    expect(new Set(pointers).size).toBe(100);
    expect(Math.max(...pointers.map(({ length }) => length))).toBe(200);
    expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(8_000_000);
  });

  it("pointersAt ends for bytes that are not JSON", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (garbage) => {
        expect(pointersAt(garbage, [50], 5).length).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("offsetDeeperThan", () => {
  it("offsetDeeperThan finds the first value that is nested too deep", () => {
    expect(offsetDeeperThan(bytes('["[[[",[1,[2]]]'), 2)).toBe(10);
    expect(offsetDeeperThan(bytes("[[1],[2]]"), 2)).toBe(-1);
  });
});

describe("readShortened", () => {
  const character = fc.constantFrom("a", "é", "€", "😀", '"', "\\", "\n", "/", "\ud83d\ude00");
  const long = fc
    .array(character, { minLength: 1_900, maxLength: 2_100 })
    .map((characters) => characters.join("").repeat(5));

  it("readShortened cuts any string as shorten does", () => {
    fc.assert(
      fc.property(long, fc.boolean(), (text, isEscaped) => {
        const quoted = JSON.stringify(text);
        const spelled = isEscaped
          ? quoted.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
          : quoted;
        expect(readShortened(bytes(spelled), 0, Buffer.byteLength(spelled))).toBe(shorten(text));
      }),
      { numRuns: 20 },
    );
  });
});
