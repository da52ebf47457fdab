import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { eventText } from "@tidemark/event-store/contract/frames";
import { eventOf, prepareStores } from "@tidemark/event-store-postgres/fixture/postgres-event-stores";
import { openSqliteEventStore } from "@tidemark/event-store-sqlite/sqlite-event-store";
import { createLogger } from "@tidemark/telemetry/logger";
import { changeTables } from "@tidemark/test-support/databases/sqlite-tables";
import { expect, onTestFinished, test } from "vitest";

const logger = createLogger({ service: "test", level: "silent" });
const MAIN = new URL("../../services/admin/src/main.ts", import.meta.url).pathname;

async function verify(args: string[], environment: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, ...environment };
  return run(spawn(process.execPath, [MAIN, "verify", ...args], { env, stdio: ["ignore", "pipe", "pipe"] }));
}

async function run(child: ChildProcessByStdio<null, Readable, Readable>) {
  const [output, fault, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { status, output, fault };
}

async function pathForTest(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return join(directory, "tidemark.db");
}

async function openForTest(path: string) {
  const store = await openSqliteEventStore({ path, logger });
  onTestFinished(() => store.close());
  await verdictsOf(store, [eventText({ topic: "t", id: "1" }), eventText({ topic: "t", id: "1" })]);
  return store;
}

const BALANCED = { unique: 1, duplicates: 1, conflicts: 0, dead_lettered: 0 };

test("verify recounts a file in use without changing it", async () => {
  const path = await pathForTest();
  const store = await openForTest(path);

  const { status, output } = await verify(["--sqlite", path, "--json"]);

  expect(status).toBe(0);
  expect(JSON.parse(output)).toMatchObject({ balanced: true, booked: BALANCED, counted: BALANCED });
  expect((await store.readBooks({ maxTopics: 1 })).lastAudit).toBeUndefined();
});

test("npm run -s verify prints only the result", async () => {
  const path = await pathForTest();
  await openForTest(path);
  const command = ["run", "-s", "verify", "--", "--sqlite", path, "--json"];

  const { output } = await run(spawn("npm", command, { stdio: ["ignore", "pipe", "pipe"] }));

  expect(JSON.parse(output)).toMatchObject({ balanced: true });
});

test("verify recounts a closed file, which can be opened again", async () => {
  const path = await pathForTest();
  await (await openForTest(path)).close();

  expect(await verify([], { DATABASE_PATH: path })).toMatchObject({ status: 0, fault: "" });

  await expect((await openForTest(path)).ping()).resolves.toBeUndefined();
});

test("verify recounts a file of a killed process with every committed event", async () => {
  const path = await pathForTest();
  const script = new URL("../../shared/event-store-sqlite/src/fixture/hold-sqlite-store.ts", import.meta.url).pathname;
  const holder = spawn(process.execPath, [script, path, "t", "e"], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void holder.kill("SIGKILL"));
  await once(holder.stdout, "data");
  holder.kill("SIGKILL");
  await once(holder, "exit");

  const { status, output } = await verify(["--sqlite", path, "--json"]);

  expect(status).toBe(0);
  expect(JSON.parse(output).counted).toMatchObject({ unique: 1 });
});

test("verify ends with 1 and names the topic if the books do not balance", async () => {
  const path = await pathForTest();
  await openForTest(path);
  changeTables(path, "DELETE FROM duplicates");

  const { status, output } = await verify(["--sqlite", path]);

  expect(status).toBe(1);
  expect(output).toContain("THE BOOKS DO NOT BALANCE: 1 of 1 topics differ.");
  expect(output).toMatch(/"t" +books +1 +1 +0 +0\n +rows +1 +0 +0 +0/);
});

test("verify recounts the database of a stack and does not print its password", async () => {
  const { openConsumer, beside, url } = await prepareStores();
  const store = await openConsumer();
  await verdictsOf(store, [eventOf("1"), eventOf("1")]);

  const balanced = await verify([], { DATABASE_URL: url });
  await beside.query("UPDATE topic_counters SET stored = stored + 1; UPDATE book_totals SET stored = stored + 1");
  const unbalanced = await verify(["--database", url, "--json"]);

  expect(balanced.status).toBe(0);
  expect(balanced.output).toContain("The books balance.");
  const { password } = new URL(url);
  if (password !== "") expect(balanced.output).not.toContain(`:${password}@`);
  expect(unbalanced.status).toBe(1);
  expect(JSON.parse(unbalanced.output)).toMatchObject({ balanced: false, booked: { unique: 2 }, counted: BALANCED });
});

test("verify ends with 2 and the reason if it cannot recount", async () => {
  const path = await pathForTest();
  const garbage = `${path}.txt`;
  await writeFile(garbage, "this is not a database at all");
  const { url } = await prepareStores({ hasTables: false });

  const faults = await Promise.all([
    verify(["--sqlite", path]),
    verify(["--sqlite", garbage]),
    verify(["--database", "postgres://nobody:secret@127.0.0.1:1/nothing"]),
    verify(["--database", url]),
    verify(["--frob"]),
    verify([], { DATABASE_URL: "http://localhost" }),
  ]);

  expect(faults.map(({ status }) => status)).toEqual([2, 2, 2, 2, 2, 2]);
  expect(faults.map(({ fault }) => fault)).toEqual([
    expect.stringContaining(`there is no file ${path}`),
    expect.stringContaining(`${garbage} is not an SQLite database`),
    expect.stringContaining("postgres://127.0.0.1:1/nothing: the database cannot be reached"),
    expect.stringContaining("the database has no tables yet"),
    expect.stringContaining("--frob"),
    expect.stringContaining("DATABASE_URL"),
  ]);
});
