import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { VERSION } from "@tidemark/runtime/version";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

test("the package.json at the root states the version, and no other one does", () => {
  const manifests = globSync("{shared,services,clients,test,tools}/*/package.json", { cwd: ROOT });
  const stated = ["package.json", ...manifests].filter(
    (path) => "version" in JSON.parse(readFileSync(join(ROOT, path), "utf8")),
  );

  expect(stated).toEqual(["package.json"]);
});

test("the changelog begins with the version of the package.json, or with what comes after it", () => {
  const changelog = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8");
  const versions = [...changelog.matchAll(/^## \[(.+?)\]/gm)].map(([, version]) => version);

  expect(versions.filter((version) => version !== "Unreleased")[0]).toBe(VERSION);
});
