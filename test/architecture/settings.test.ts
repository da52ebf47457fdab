import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { SETTINGS } from "@tidemark/runtime/setting-names";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const EXAMPLE = readFileSync(join(ROOT, ".env.example"), "utf8");

/** Every setting of the example with its value, including those that are commented out. */
const shown = parseEnv(EXAMPLE.replaceAll(/^#(?=[A-Z_]+=)/gm, ""));

/** The default of a setting as a text; undefined if it has none. */
function defaultOf(name: string): string | undefined {
  const { data } = SETTINGS.get(name)?.safeParse(undefined) ?? {};
  return data === undefined ? undefined : String(data);
}

test(".env.example lists every setting, and nothing else", () => {
  expect(Object.keys(shown).sort()).toEqual([...SETTINGS.keys()].sort());
});

test("the values that .env.example shows are the defaults", () => {
  const withDefault = [...SETTINGS.keys()].filter((name) => defaultOf(name) !== undefined);
  const pairs = (read: (name: string) => string | undefined) => withDefault.map((name) => [name, read(name)]);
  expect(pairs((name) => shown[name])).toEqual(pairs(defaultOf));
});

test("a setting without a default is commented out in .env.example", () => {
  const set = Object.keys(parseEnv(EXAMPLE));
  expect(set.filter((name) => defaultOf(name) === undefined)).toEqual([]);
});

test("every variable that the compose files read is a setting", () => {
  const files = globSync(["docker-compose.yml", "deploy/*.{yml,yaml}"], { cwd: ROOT });
  const read = files.flatMap((file) => [...readFileSync(join(ROOT, file), "utf8").matchAll(/\$\{([A-Z_]+)/g)]);
  expect(read.map(([, name = ""]) => name).filter((name) => !SETTINGS.has(name))).toEqual([]);
});
