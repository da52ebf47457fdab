import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { eventText } from "@tidemark/event-store/contract/frames";
import { backupSqlite } from "@tidemark/event-store-sqlite/backup/take-backup";
import { openSqliteEventStore } from "@tidemark/event-store-sqlite/sqlite-event-store";
import { createLogger } from "@tidemark/telemetry/logger";
import { startOwnService } from "@tidemark/test-support/processes/own-services";
import { expect, onTestFinished, test } from "vitest";
import { adminScript, publishInTheBackground, readJson, runAdmin, storedIds, WAIT } from "./backing-up.ts";

async function directoryForTest(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

test("a backup of single under load restores every event that was confirmed before it, once, with balanced books", async () => {
  const directory = await directoryForTest();
  const [path, copy] = [join(directory, "data", "tidemark.db"), join(directory, "copy.db")];
  const single = await startOwnService("single", { DATABASE_PATH: path });
  const load = publishInTheBackground(single.url);
  await expect.poll(() => load.confirmed.length, WAIT).toBeGreaterThan(500);
  const before = [...load.confirmed];

  const backup = await runAdmin("backup", ["--to", copy], { DATABASE_PATH: path });

  await expect.poll(() => load.confirmed.length, WAIT).toBeGreaterThan(before.length + 100);
  await load.stop();
  await single.end("SIGKILL");
  await rm(join(directory, "data"), { recursive: true });
  const restore = await runAdmin("restore", ["--from", copy], { DATABASE_PATH: path });
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
  const store = await openSqliteEventStore({ path, logger: createLogger({ service: "test", level: "silent" }) });
  onTestFinished(() => store.close());
  const payload = JSON.stringify({ text: "x".repeat(10_000) });
  await verdictsOf(
    store,
    Array.from({ length: 3_000 }, (_, id) => eventText({ topic: "t", id: `${id}`, payload })),
  );
  const killed = spawn(process.execPath, [adminScript("backup"), "--sqlite", path, "--to", copy], { stdio: "ignore" });
  await expect.poll(() => existsSync(`${copy}.partial`), { ...WAIT, interval: 1 }).toBe(true);
  killed.kill("SIGKILL");
  await once(killed, "exit");

  expect(existsSync(copy)).toBe(false);
  expect((await stat(`${copy}.partial`)).mode & 0o777).toBe(0o600);
  backupSqlite({ from: path, to: copy, replace: false });
  expect((await readdir(directory)).filter((name) => name.startsWith("copy.db"))).toEqual(["copy.db"]);
});
