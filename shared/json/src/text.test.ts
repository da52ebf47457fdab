import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrayItems, objectMembers } from "./text.ts";

const bytes = (text: string) => Buffer.from(text);

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
