import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

// Each line that a process can write at `info` or above is in docs/log-lines.md, and each line there is in the source.

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PROCESSES = "{services/{gateway,consumer,query,single,admin},shared/*}/src/**/*.ts";
const IS_TEST = /\.test\.ts$|-fixture\.ts$|\/(contract|fixture)\//;
/** The lines whose text is the result of a function: `describeDamage` of the SQLite store, and `reasonToWait` of JetStream. */
const BUILT = [
  { level: "error", line: "the database file … is damaged" },
  { level: "warn", line: "log not ready, retrying" },
  { level: "warn", line: "the cluster cannot hold the log, retrying: …" },
];

interface LogLine {
  level: string;
  /** With `…` in the place of what changes. */
  line: string;
}

/** Reads the calls of loggers. The text of a line is the last literal among the arguments. */
function readWritten(): { lines: LogLine[]; withoutText: string[] } {
  const [lines, withoutText]: [LogLine[], string[]] = [[...BUILT], []];
  for (const file of globSync(PROCESSES, { cwd: ROOT }).filter((path) => !IS_TEST.test(path))) {
    const source = readFileSync(`${ROOT}${file}`, "utf8");
    for (const { 0: call, 1: level = "", index } of source.matchAll(
      /\b(?:logger|log)\??\.(info|warn|error|fatal)\(/g,
    )) {
      const given = readArguments(source, index + call.length);
      const literal = [...given.matchAll(/(["`])(.*?)\1/gs)].at(-1)?.[2];
      if (literal === undefined) withoutText.push(given);
      else lines.push({ level, line: literal.replaceAll(/\$\{[^}]*\}/g, "…") });
    }
  }
  return { lines, withoutText };
}

/** Returns the text up to the parenthesis that closes the one before. */
function readArguments(source: string, start: number): string {
  let end = start;
  for (let depth = 1; depth > 0; end++) {
    if (source[end] === "(") depth++;
    else if (source[end] === ")") depth--;
  }
  return source.slice(start, end - 1);
}

/** Reads the first column of the tables below the headings of levels. */
function readDocumented(): LogLine[] {
  const sections = readFileSync(`${ROOT}docs/log-lines.md`, "utf8").split(/^## /m);
  return sections.flatMap((section) => {
    const level = /^(info|warn|error|fatal):/.exec(section)?.[1];
    if (level === undefined) return [];
    const cells = [...section.matchAll(/^\| (`.*?) \|/gm)].map(([, cell = ""]) => cell);
    return cells.flatMap((cell) => [...cell.matchAll(/`(.*?)`/g)].map(([, line = ""]) => ({ level, line })));
  });
}

/** Whether a line of the document, in which `…` stands for any text, is a line of the source. */
function isSame(documented: LogLine, written: LogLine): boolean {
  const parts = documented.line.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return documented.level === written.level && new RegExp(`^${parts.join(".*")}$`, "s").test(written.line);
}

test("docs/log-lines.md has every line that a process can write at info and above, and no other", () => {
  const documented = readDocumented();
  const { lines } = readWritten();

  expect(lines.length).toBeGreaterThan(50);
  expect(lines.filter((written) => !documented.some((line) => isSame(line, written)))).toEqual([]);
  expect(documented.filter((line) => !lines.some((written) => isSame(line, written)))).toEqual([]);
});

test("each call of a logger has its text as a literal, except where a function builds it", () => {
  expect(readWritten().withoutText.toSorted()).toEqual([
    expect.stringMatching(/\breason$/),
    expect.stringContaining("describeDamage("),
  ]);
});
