import { createHash } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InvalidArguments, readCommandLine } from "@tidemark/runtime/command-line";
import { expect, onTestFinished, test } from "vitest";
import { KEYS_COMMAND } from "./options.ts";
import { runKeysCommand } from "./run.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");

function read(line: string) {
  const options = readCommandLine(KEYS_COMMAND, line.split(" "));
  if (options === undefined) throw new Error("the arguments ask for help");
  return options;
}

function run(line: string, settings = {}) {
  return runKeysCommand(read(line), { nowMs: NOW, readSettings: () => settings });
}

async function createFile(content?: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-keys-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "keys.json");
  if (content !== undefined) await writeFile(file, content);
  return file;
}

const readEntries = async (file: string) => JSON.parse(await readFile(file, "utf8"));

test("create prints a key that secret scanners recognise, and an entry with its hash and without the key", async () => {
  const { exitCode, output = "" } = await run(
    "create --name shop --scopes publish,read --topics orders.,carts. --expires 90d --events-per-second 50",
  );
  const [key = ""] = /tdm_[\w-]{43}\b/.exec(output) ?? [];
  expect(exitCode).toBe(0);
  expect(output.split(key)).toHaveLength(2);
  expect(JSON.parse(output.slice(output.indexOf("{")))).toEqual({
    name: "shop",
    sha256: createHash("sha256").update(key).digest("hex"),
    scopes: ["publish", "read"],
    topics: ["orders.", "carts."],
    limits: { events_per_second: 50 },
    expires_at: "2026-04-01T00:00:00.000Z",
  });
});

test("create makes a file that only its owner reads, and adds further entries to it", async () => {
  const file = await createFile();
  await run(`create --name shop --scopes publish --file ${file}`);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await run(`create --name shop --scopes publish --expires 2030-01-01T00:00:00Z --file ${file}`);
  expect(await readEntries(file)).toMatchObject([
    { name: "shop" },
    { name: "shop", expires_at: "2030-01-01T00:00:00Z" },
  ]);
  expect(await readdir(join(file, ".."))).toEqual(["keys.json"]);
});

test("keys that are created and revoked at once are all added and all removed", async () => {
  const file = await createFile();
  const names = Array.from({ length: 10 }, (_, index) => `shop-${index}`);
  await Promise.all(names.map((name) => run(`create --name ${name} --scopes publish --file ${file}`)));
  expect((await readEntries(file)).map(({ name }: { name: string }) => name).toSorted()).toEqual(names);
  await Promise.all(names.slice(1).map((name) => run(`revoke --name ${name} --file ${file}`)));
  expect(await readEntries(file)).toMatchObject([{ name: "shop-0" }]);
  expect(await readdir(join(file, ".."))).toEqual(["keys.json"]);
});

test("the error names a lock that a command left behind", async () => {
  const file = await createFile("[]");
  await writeFile(`${file}.lock`, "");
  const { exitCode, fault } = await run(`create --name shop --scopes publish --file ${file}`);
  expect([exitCode, fault]).toEqual([1, expect.stringContaining(`delete ${file}.lock`)]);
});

test("a file that others read keeps its mode, and a symbolic link stays one", async () => {
  const file = await createFile("[]");
  await chmod(file, 0o644);
  await symlink(file, `${file}.link`);
  await run(`create --name shop --scopes publish --file ${file}.link`);
  expect((await stat(file)).mode & 0o777).toBe(0o644);
  expect(await readEntries(file)).toHaveLength(1);
});

test("create takes rights that its options omit from the newest entry of the name, and prints them", async () => {
  const file = await createFile();
  await run(`create --name shop --scopes admin --file ${file}`);
  await run(`create --name shop --scopes publish --topics orders. --events-per-second 50 --expires 90d --file ${file}`);
  await run(`create --name other --scopes read --file ${file}`);
  const same = await run(`create --name shop --file ${file}`);
  const changed = await run(
    `create --name shop --scopes read --topics carts. --bytes-per-second 9 --expires 1d --file ${file}`,
  );
  const rights = { name: "shop", scopes: ["publish"], topics: ["orders."], limits: { events_per_second: 50 } };
  expect((await readEntries(file)).slice(3)).toMatchObject([
    { ...rights, expires_at: "2026-04-01T00:00:00.000Z" },
    {
      ...rights,
      scopes: ["read"],
      topics: ["carts."],
      limits: { events_per_second: 50, bytes_per_second: 9 },
      expires_at: "2026-01-02T00:00:00.000Z",
    },
  ]);
  expect(same.output).toContain(
    "entry of shop: scopes publish; topics orders.; 50 events per second; expires 2026-04-01T00:00:00.000Z.",
  );
  expect(changed.output).toContain("entry of shop: 50 events per second.");
});

test("create without a file takes the rights from the file of the setting, and does not change that file", async () => {
  const file = await createFile();
  await run(`create --name shop --scopes publish --topics orders. --file ${file}`);
  const { output } = await run("create --name shop", { API_KEYS_FILE: file });
  expect(output).toContain("entry of shop: scopes publish; topics orders.; does not expire.");
  expect(await readEntries(file)).toHaveLength(1);
});

test("create needs the scopes of a new name, and a new end for a name whose newest key has expired", async () => {
  const file = await createFile();
  expect(await run(`create --name shop --file ${file}`)).toEqual({
    exitCode: 2,
    fault: "--scopes is required for the new name shop: publish, read, admin",
  });
  await run(`create --name shop --scopes read --expires 2025-01-01T00:00:00Z --file ${file}`);
  expect(await run(`create --name shop --file ${file}`)).toEqual({
    exitCode: 2,
    fault: "--expires is required: the newest key of shop expired 2025-01-01T00:00:00Z",
  });
});

test("list shows each entry without its key, and whether it has expired", async () => {
  const file = await createFile();
  await run(`create --name shop --scopes publish,read --topics orders. --file ${file}`);
  await run(`create --name old --scopes admin --expires 2025-01-01T00:00:00Z --file ${file}`);
  const { output } = await run("list", { API_KEYS_FILE: file });
  expect(output?.split("\n")).toEqual([
    expect.stringMatching(/^shop {2}[0-9a-f]{8} {2}publish,read {2}orders\. {5}does not expire$/),
    expect.stringMatching(/^old {3}[0-9a-f]{8} {2}admin {9}all topics {2}expired 2025-01-01T00:00:00Z$/),
  ]);
});

test("revoke removes the keys of a name, or the one whose hash is given", async () => {
  const file = await createFile();
  for (const name of ["shop", "shop", "reports"]) await run(`create --name ${name} --scopes read --file ${file}`);
  const [first] = await readEntries(file);
  const one = await run(`revoke --name shop --sha256 ${first.sha256.slice(0, 8).toUpperCase()} --file ${file}`);
  expect(one).toMatchObject({ exitCode: 0 });
  expect(await readEntries(file)).toMatchObject([{ name: "shop" }, { name: "reports" }]);
  await run(`revoke --name shop --file ${file}`);
  expect(await readEntries(file)).toMatchObject([{ name: "reports" }]);
  expect(await run(`revoke --name shop --file ${file}`)).toMatchObject({ exitCode: 1 });
});

test.each([
  ["a broken file is not changed", "{"],
  ["an entry that is not valid is named", '[{"name": "x"}]'],
])("%s", async (_what, content) => {
  const file = await createFile(content);
  const { exitCode, fault } = await run(`create --name shop --scopes read --file ${file}`);
  expect([exitCode, fault]).toEqual([1, expect.stringContaining(`${file} is broken`)]);
  expect(await readFile(file, "utf8")).toBe(content);
});

test("a name that is not allowed is named as the option", async () => {
  const { exitCode, fault } = await run("create --name a/b --scopes read");
  expect([exitCode, fault]).toEqual([1, expect.stringContaining("--name: must have 1 to 64 characters")]);
});

test.each([
  "frob",
  "create --scopes read",
  "create --name shop --scopes write",
  "create --name shop --scopes read --expires soon",
  "create --name shop --scopes read --events-per-second 0",
  "revoke",
  "revoke --name shop --sha256 ab",
])("npm run keys refuses the arguments: %s", (line) => {
  expect(() => read(line)).toThrow(InvalidArguments);
});
