import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { startOwnService } from "@tidemark/test-support/processes/own-services";
import { expect, onTestFinished, test } from "vitest";

async function run(command: string, args: string[], settings: Record<string, string> = {}) {
  const script = new URL(`../../services/admin/src/${command}/main.ts`, import.meta.url).pathname;
  const env = { PATH: process.env.PATH, ...settings };
  const child = spawn(process.execPath, [script, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
  const [output, fault, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { status, output, fault };
}

async function directoryForTest(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** Publishes events one request after another until it is stopped. Returns the ids that were answered 200. */
function publishInTheBackground(url: string) {
  const stored: string[] = [];
  let isStopped = false;
  const loop = async (sender: number) => {
    for (let n = 0; !isStopped; n++) {
      const events = Array.from({ length: 20 }, (_, index) => eventOf(`${sender}-${n}-${index}`));
      const response = await fetch(`${url}/publish`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify([...events, events[0]]),
      });
      if (response.status === 200) stored.push(...events.map(({ event_id }) => event_id));
    }
  };
  const done = Promise.all([loop(0), loop(1), loop(2)]);
  return {
    stored,
    stop: async () => {
      isStopped = true;
      await done;
    },
  };
}

const eventOf = (id: string) => ({
  topic: "t",
  event_id: id,
  timestamp: "2025-10-23T10:00:00Z",
  source: "s",
  payload: { id },
});

async function readJson(url: string) {
  const response = await fetch(url);
  return response.json() as Promise<Record<string, unknown>>;
}

async function storedIds(url: string): Promise<string[]> {
  const lines = await (await fetch(`${url}/events?order=asc`, { headers: { accept: "application/x-ndjson" } })).text();
  return lines
    .trim()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line).event_id);
}

test("a backup of single under load restores every event that was confirmed before it, once, with balanced books", async () => {
  const directory = await directoryForTest();
  const [path, copy] = [join(directory, "data", "tidemark.db"), join(directory, "copy.db")];
  const single = await startOwnService("single", { DATABASE_PATH: path });
  const load = publishInTheBackground(single.url);
  await expect.poll(() => load.stored.length).toBeGreaterThan(500);
  const before = [...load.stored];

  const backup = await run("backup", ["--to", copy], { DATABASE_PATH: path });

  await expect.poll(() => load.stored.length).toBeGreaterThan(before.length + 100);
  await load.stop();
  await single.end("SIGKILL");
  await rm(join(directory, "data"), { recursive: true });
  const restore = await run("restore", ["--from", copy], { DATABASE_PATH: path });
  const { url } = await startOwnService("single", { DATABASE_PATH: path });

  expect([backup.status, restore.status]).toEqual([0, 0]);
  const ids = await storedIds(url);
  expect(new Set(ids).size).toBe(ids.length);
  const stored = new Set(ids);
  expect(before.filter((id) => !stored.has(id))).toEqual([]);
  expect(await readJson(`${url}/stats`)).toMatchObject({ unique_processed: ids.length, drift: 0, queue_size: 0 });
  expect(await readJson(`${url}/audit`)).toMatchObject({ balanced: true });
  expect((await stat(copy)).mode & 0o777).toBe(0o600);
});

test("a backup that is killed leaves no file under the name of the backup", async () => {
  const directory = await directoryForTest();
  const [path, copy] = [join(directory, "tidemark.db"), join(directory, "copy.db")];
  const single = await startOwnService("single", { DATABASE_PATH: path });
  const load = publishInTheBackground(single.url);
  await expect.poll(() => load.stored.length).toBeGreaterThan(2_000);
  await load.stop();
  const script = new URL("../../services/admin/src/backup/main.ts", import.meta.url).pathname;
  const killed = spawn(process.execPath, [script, "--sqlite", path, "--to", copy], { stdio: "ignore" });
  await expect.poll(() => existsSync(`${copy}.partial`), { interval: 1 }).toBe(true);
  killed.kill("SIGKILL");
  await once(killed, "exit");

  expect(existsSync(copy)).toBe(false);
  expect(await run("backup", ["--sqlite", path, "--to", copy])).toMatchObject({ status: 0 });
  expect((await readdir(directory)).filter((name) => name.startsWith("copy.db"))).toEqual(["copy.db"]);
});
