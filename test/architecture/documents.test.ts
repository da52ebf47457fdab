import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const DOCUMENTS = globSync(["*.md", "{docs,load,clients,deploy}/**/*.md"], {
  cwd: ROOT,
  exclude: (name) => name === "node_modules" || name === "dist",
});

/** Names of files and folders in backticks, as a document spells them. */
const PATH = /`((?:shared|services|clients|deploy|test|load|tools|docs)\/[\w./-]+)`/g;
const LINK = /\]\((?!https?:|#)([^)#\s]+)/g;
/** A sentence that names a commit speaks of the files of that commit. */
const OF_A_COMMIT = /at commit `?[0-9a-f]{7}/;

test.each(DOCUMENTS)("every file that %s names exists", (document) => {
  const missing = readFileSync(join(ROOT, document), "utf8")
    .split(/\n(?=\n|[-#|])/)
    .filter((paragraph) => !OF_A_COMMIT.test(paragraph))
    .flatMap((paragraph) => [
      ...[...paragraph.matchAll(PATH)].map(([, path = ""]) => path),
      ...[...paragraph.matchAll(LINK)].map(([, path = ""]) => join(dirname(document), path)),
    ])
    .filter((path) => !existsSync(join(ROOT, path)));

  expect(missing).toEqual([]);
});
