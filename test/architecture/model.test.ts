import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { SABOTEURS } from "../../tools/model/configurations.ts";
import { SABOTAGES } from "../faults/saboteurs/sabotage.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "docs/model");

/** A file of the code that a comment of the model names without its folder. */
const NAME = /\b[\w-]+(?:\.test)?\.(?:ts|sql)\b/g;
const PATH = /`((?:services|shared)\/[^`]+)`/g;

test("every step of the model names a file of the map in its README", () => {
  const readme = readFileSync(join(FOLDER, "README.md"), "utf8");
  const mapped = [...readme.matchAll(PATH)].map(([, path = ""]) => path);
  const named = globSync("*.pml", { cwd: FOLDER }).flatMap(
    (file) => readFileSync(join(FOLDER, file), "utf8").match(NAME) ?? [],
  );

  expect(mapped.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(named.length).toBeGreaterThan(10);
  expect([...new Set(named)].filter((name) => !mapped.some((path) => basename(path) === name))).toEqual([]);
});

test("every saboteur has a twin in the model", () => {
  expect(SABOTEURS.map(({ name }) => name).sort()).toEqual([...SABOTAGES].sort());
});
