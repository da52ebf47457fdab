import { expect, test } from "vitest";
import { InvalidArguments, readOptions, type TargetSettings } from "./options.ts";

const PATH = { DATABASE_PATH: "data/tidemark.db" };

function read(line: string, settings: TargetSettings = PATH) {
  return readOptions(line.split(" ").filter(Boolean), () => settings);
}

test.each([
  ["verify --sqlite a.db", { kind: "sqlite", path: "a.db" }],
  ["verify --database postgres://h/d", { kind: "postgres", url: "postgres://h/d" }],
  ["--database postgresql://h/d verify", { kind: "postgres", url: "postgresql://h/d" }],
  ["verify", { kind: "sqlite", path: "data/tidemark.db" }],
])("%s", (line, target) => {
  expect(read(line)).toEqual({ target, isJson: false });
});

test("the settings say which database, the stack's before the file", () => {
  const settings = { ...PATH, DATABASE_URL: "postgres://h/d" };

  expect(read("verify --json", settings)).toEqual({
    target: { kind: "postgres", url: "postgres://h/d" },
    isJson: true,
  });
});

test("settings that are not needed are not read", () => {
  const readSettings = () => {
    throw new Error("read");
  };

  expect(readOptions(["verify", "--sqlite", "a.db"], readSettings)).toBeDefined();
});

test.each(["", "--help", "verify -h"])("help is asked for by: %s", (line) => {
  expect(read(line)).toBeUndefined();
});

test.each([
  "frob",
  "--json",
  "verify twice",
  "verify --frob",
  "verify --sqlite",
  "verify --sqlite a.db --database postgres://h/d",
  "verify --database http://h/d",
  "verify --database nonsense",
])("wrong: %s", (line) => {
  expect(() => read(line)).toThrow(InvalidArguments);
});
