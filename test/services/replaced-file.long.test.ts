import { readdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { readTables } from "@tidemark/test-support/databases/sqlite-tables";
import { createDataDir } from "@tidemark/test-support/infrastructure/programs";
import { startOwnService } from "@tidemark/test-support/processes/own-services";
import { expect, test } from "vitest";

test("single ends when its database file is replaced by another file", async () => {
  const path = join(await createDataDir(), "tidemark.db");
  const single = await startOwnService("single", { DATABASE_PATH: path });
  await rename(path, `${path}.aside`);
  await writeFile(path, "");

  expect(await single.ended).toBe(1);
  expect(single.output()).toContain(`${path} was replaced by another file`);
});

test.each(["", "-wal"])(
  "single ends when its database file%s is deleted, and the events answered 200 are in the file that it saved",
  async (suffix) => {
    const path = join(await createDataDir(), "tidemark.db");
    const single = await startOwnService("single", { DATABASE_PATH: path });
    const publish = (event_id: string) => {
      const event = { topic: "t", event_id, source: "s", timestamp: "2025-10-23T10:00:00Z" };
      const request = { method: "POST", body: JSON.stringify(event), headers: { "content-type": "application/json" } };
      return fetch(`${single.url}/publish`, request).then((answer) => answer.status);
    };
    expect(await publish("1")).toBe(200);
    await rm(`${path}${suffix}`);

    const later = await publish("2").catch(() => "no answer");

    expect(await single.ended).toBe(1);
    expect(later).not.toBe(200);
    expect(single.output()).toContain(`${path}${suffix} was deleted`);
    const [saved = path] = (await readdir(dirname(path))).filter((name) => name.includes(".saved-"));
    expect(readTables(join(dirname(path), basename(saved)), "SELECT min(event_id) AS first FROM events")).toEqual({
      first: "1",
    });
  },
);
