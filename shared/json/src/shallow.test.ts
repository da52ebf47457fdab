import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemberNames, readShallow } from "./shallow.ts";

const names = new MemberNames(["a", "b", "text", "type"]);
const read = (text: string) => {
  const { end, ...outline } = readShallow(Buffer.from(`${text} ,`), 0, names);
  expect(end).toBe(Buffer.byteLength(text));
  return outline;
};

describe("readShallow", () => {
  it("readShallow reads the strings of known members, and the kinds of their other values", () => {
    expect(read('{"a":"x\\n", "b" : [1,{}], "text":{"a":1}, "type":-1.5e3}')).toEqual({
      value: { a: "x\n", b: [], text: {}, type: 0 },
      memberCount: 4,
      hasOthers: false,
    });
    expect(read('{"a":true,"b":false,"text":null}').value).toEqual({ a: true, b: false, text: null });
  });

  it("members of other names are only counted", () => {
    expect(read('{"c":1,"__proto__":{"a":1},"tex":"","texts":"","c":2}')).toEqual({
      value: {},
      memberCount: 5,
      hasOthers: true,
    });
  });

  it("of repeated members the last counts, however their keys are spelled", () => {
    expect(read('{"text":"1","\\u0074ext":"2"}')).toEqual({ value: { text: "2" }, memberCount: 2, hasOthers: false });
    expect(read('{"\\u0062":"1","b":"2"}').value).toEqual({ b: "2" });
  });

  it.each([
    ['"x"', ""],
    ["[1]", []],
    ["5", 0],
    ["null", null],
    ["true", true],
  ])("the value %s has no members, and only its kind is read", (text, value) => {
    expect(read(text)).toEqual({ value, memberCount: 0, hasOthers: false });
  });

  it("readShallow agrees with JSON.parse about strings and null", () => {
    const value = fc.oneof(
      fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("a", "b", "text", "other"), value), (object) => {
        const { other: _, ...known } = object;
        expect(read(JSON.stringify(object)).value).toEqual(known);
      }),
    );
  });
});
