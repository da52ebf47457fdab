import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const DOCUMENT = readFileSync(join(ROOT, "docs/schema.md"), "utf8");

/** Reads the snapshot of the newest version, which the tests of the store compare with the real schema. */
function readSnapshot(store: "postgres" | "sqlite"): string {
  const folder = join(ROOT, `shared/event-store-${store}/src/schema/snapshots`);
  const newest = globSync("version-*", { cwd: folder }).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return readFileSync(join(folder, String(newest.at(-1))), "utf8");
}

const nullable = (type: string, isNullable: boolean) => (isNullable ? `${type} or NULL` : type);

/** Returns "table.column type" of each column. Composite types, which the function that applies a batch uses, are not tables. */
function postgresColumns(): string[] {
  const snapshot = readSnapshot("postgres");
  const tables = new Set([...snapshot.matchAll(/^table (\w+)/gm)].map(([, table]) => table));
  const columns = snapshot.matchAll(
    /^column ((\w+)\.\w+) (.+?)(?: COLLATE "C")?( NOT NULL)?(?: DEFAULT .*)?(?: identity .)?$/gm,
  );
  return [...columns]
    .filter(([, , table]) => tables.has(table))
    .map(([, column, , type = "", notNull]) => {
      return `${column} ${nullable(type.replace("timestamp with time zone", "timestamptz"), notNull === undefined)}`;
    });
}

function sqliteColumns(): string[] {
  const tables = readSnapshot("sqlite").matchAll(/^CREATE TABLE "?(\w+)"? \(\n([\s\S]*?)\n\s*(?:, (.+?))?\) STRICT/gm);
  return [...tables].flatMap(([, table, body = "", added = ""]) =>
    // An added column stands on the line of the one before it.
    [
      ...`${body}\n${added}`
        .replaceAll(/, (?=[a-z]\w* (?:INTEGER|TEXT|BLOB))/g, ",\n")
        .matchAll(/^\s*([a-z]\w*) (INTEGER|TEXT|BLOB)(.*)$/gm),
    ].map(
      ([, column, type = "", rest = ""]) => `${table}.${column} ${nullable(type, !/NOT NULL|PRIMARY KEY/.test(rest))}`,
    ),
  );
}

/** Returns the same from the tables of the document: `| column | PostgreSQL | SQLite | meaning |` below `### table`. */
function documented(cell: 1 | 2): string[] {
  return DOCUMENT.split(/^### /m)
    .slice(1)
    .flatMap((section) => {
      const table = section.match(/^`(\w+)`/)?.[1];
      return [...section.matchAll(/^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|/gm)]
        .map((row) => ({ column: row[1], type: String(row[cell + 1]).trim() }))
        .filter(({ type }) => type !== "-")
        .map(({ column, type }) => `${table}.${column} ${type}`);
    });
}

test("docs/schema.md has every table and column of the newest schema in PostgreSQL, with its type", () => {
  expect(documented(1).toSorted()).toEqual(postgresColumns().toSorted());
});

test("docs/schema.md has every table and column of the newest schema in SQLite, with its type", () => {
  expect(documented(2).toSorted()).toEqual(sqliteColumns().toSorted());
});
