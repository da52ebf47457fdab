import { expect, test } from "vitest";
import { readableJson } from "./readable-json.js";

test.each([
  ["letters", String.raw`{"t":"Gr\u00fc\u00dfe, \u65E5\u672c"}`, '{"t":"Grüße, 日本"}'],
  ["a character of two escapes", String.raw`"\ud83d\ude00"`, '"😀"'],
  ["an escaped backslash before a u", String.raw`"\\u00fc"`, String.raw`"\\u00fc"`],
  ["an escaped backslash before an escape", String.raw`"\\\u00fc"`, String.raw`"\\ü"`],
  ["quotes, backslashes and line breaks", String.raw`"\u0022\u005c\u000a\n"`, String.raw`"\u0022\u005c\u000a\n"`],
  ["half of a pair", String.raw`"\ud83d"`, String.raw`"\ud83d"`],
  ["a character that turns the direction of text", String.raw`"\u202e"`, String.raw`"\u202e"`],
])("escapes become readable, and the JSON stays the same value: %s", (_name, json, readable) => {
  expect(readableJson(json)).toBe(readable);
  expect(JSON.parse(readable)).toEqual(JSON.parse(json));
});
