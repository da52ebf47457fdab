import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "@tidemark/runtime/version";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

test("only the package.json at the root states the version", () => {
  const manifests = globSync("{shared,services,clients,test,tools}/*/package.json", { cwd: ROOT });
  const stated = ["package.json", ...manifests].filter(
    (path) => "version" in JSON.parse(readFileSync(join(ROOT, path), "utf8")),
  );

  expect(stated).toEqual(["package.json"]);
});

test("the changelog begins with the version of the package.json, or with a section of later changes", () => {
  const changelog = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8");
  const versions = [...changelog.matchAll(/^## \[(.+?)\]/gm)].map(([, version]) => version);

  expect(versions.filter((version) => version !== "Unreleased")[0]).toBe(VERSION);
});
