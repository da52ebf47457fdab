import { execFileSync } from "node:child_process";
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
/** A sentence that names a commit refers to the files of that commit, which may no longer exist. */
const OF_A_COMMIT = /at commit `?[0-9a-f]{7}/;

/** Names of source files in backticks that may leave out their first folders, such as `apply/deduplicate.ts`. */
const SOURCE = /`([\w./-]+\.(?:ts|mjs|py|sql|sh|conf|ya?ml|pml))`/g;
const SOURCES = globSync("**/*.{ts,mjs,py,sql,sh,conf,yaml,yml,pml}", {
  cwd: ROOT,
  exclude: (name) => name === "node_modules" || name === "dist",
}).map((path) => `/${path}`);
const OF_THE_READER = new Set(["example.ts", "example.py", "collector.yaml", "collector-config.yaml"]);
const SCRIPT = /npm run (?:-s )?([a-z][\w:-]*)/g;

/** Returns the paragraphs of a document that speak of the files of today. */
function paragraphsOf(document: string): string[] {
  const paragraphs = readFileSync(join(ROOT, document), "utf8").split(/\n(?=\n|[-#|])/);
  return paragraphs.filter((paragraph) => !OF_A_COMMIT.test(paragraph));
}

test.each(DOCUMENTS)("every source file that %s names by its last folders exists", (document) => {
  const missing = paragraphsOf(document)
    .flatMap((paragraph) => [...paragraph.matchAll(SOURCE)].map(([, name = ""]) => name.replace(/^\.\//, "")))
    .filter((name) => !OF_THE_READER.has(name) && !SOURCES.some((path) => path.endsWith(`/${name}`)));

  expect(missing).toEqual([]);
});

test.each(DOCUMENTS)("every npm script that %s names exists", (document) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const named = [...readFileSync(join(ROOT, document), "utf8").matchAll(SCRIPT)].map(([, script = ""]) => script);

  expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
});

test.each(DOCUMENTS)("every file that %s names exists", (document) => {
  const missing = paragraphsOf(document)
    .flatMap((paragraph) => [
      ...[...paragraph.matchAll(PATH)].map(([, path = ""]) => path),
      ...[...paragraph.matchAll(LINK)].map(([, path = ""]) => join(dirname(document), path)),
    ])
    .filter((path) => !existsSync(join(ROOT, path)));

  expect(missing).toEqual([]);
});

/** Returns the anchors of a document's headings, as GitHub makes them. */
function anchorsOf(document: string): Set<string> {
  const headings = readFileSync(join(ROOT, document), "utf8")
    .replaceAll(/^```[\s\S]*?^```/gm, "")
    .matchAll(/^#+ (.+)$/gm);
  return new Set([...headings].map(([, text = ""]) => slugOf(text)));
}

function slugOf(heading: string): string {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
  return text.replaceAll(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

test.each(DOCUMENTS)("every heading that %s links to exists", (document) => {
  const text = readFileSync(join(ROOT, document), "utf8");
  const missing = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)#([^)\s]+)\)/g)]
    .map(([, path = "", anchor = ""]) => ({ target: path === "" ? document : join(dirname(document), path), anchor }))
    .filter(({ target }) => target.endsWith(".md") && existsSync(join(ROOT, target)))
    .filter(({ target, anchor }) => !anchorsOf(target).has(anchor))
    .map(({ target, anchor }) => `${target}#${anchor}`);

  expect(missing).toEqual([]);
});

test("docs/README.md leads to every document of its folder", () => {
  const text = readFileSync(join(ROOT, "docs/README.md"), "utf8");
  const pages = globSync("*.md", { cwd: join(ROOT, "docs") }).filter((page) => page !== "README.md");

  expect(pages.filter((page) => !text.includes(`](${page}`))).toEqual([]);
});

test("the example of README passes the format and the lint that `npm run check` applies to it", () => {
  const [, example = ""] = /^```ts\n(.+?)^```$/ms.exec(readFileSync(join(ROOT, "README.md"), "utf8")) ?? [];
  const biome = join(ROOT, "node_modules/.bin/biome");
  const mended = execFileSync(biome, ["check", "--write", "--stdin-file-path=example.ts"], {
    cwd: ROOT,
    input: example,
    encoding: "utf8",
  });

  expect(example).toContain("TidemarkClient");
  expect(mended).toBe(example);
});
