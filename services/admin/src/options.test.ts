import { InvalidArguments, readCommandLine } from "@tidemark/runtime/command-line";
import { expect, test } from "vitest";
import { chooseTarget, type TargetSettings, VERIFY_COMMAND } from "./options.ts";

const PATH = { DATABASE_PATH: "data/tidemark.db" };

function read(line: string) {
  const options = readCommandLine(VERIFY_COMMAND, line.split(" ").filter(Boolean));
  if (options === undefined) throw new Error("the arguments ask for help");
  return options;
}

function targetOf(line: string, settings: TargetSettings = PATH) {
  return chooseTarget(read(line), () => settings);
}

test.each([
  ["verify --sqlite a.db", { kind: "sqlite", path: "a.db" }],
  ["verify --database postgres://h/d", { kind: "postgres", url: "postgres://h/d" }],
  ["--database postgresql://h/d verify", { kind: "postgres", url: "postgresql://h/d" }],
  ["verify", { kind: "sqlite", path: "data/tidemark.db" }],
])("%s chooses its database", (line, target) => {
  expect(targetOf(line)).toEqual(target);
});

test("DATABASE_URL is preferred to DATABASE_PATH", () => {
  expect(targetOf("verify --json", { ...PATH, DATABASE_URL: "postgres://h/d" })).toEqual({
    kind: "postgres",
    url: "postgres://h/d",
  });
});

test("verify does not read the settings if the arguments name the database", () => {
  const readSettings = () => {
    throw new Error("read");
  };

  expect(chooseTarget(read("verify --sqlite a.db"), readSettings)).toBeDefined();
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
])("verify refuses the arguments: %s", (line) => {
  expect(() => read(line)).toThrow(InvalidArguments);
});
