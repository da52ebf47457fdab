import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createDataDir } from "@tidemark/test-support/infrastructure/programs";
import { startOwnService } from "@tidemark/test-support/processes/own-services";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, test } from "vitest";

test("single ends when its database file is replaced by another file", async () => {
  const path = join(await createDataDir(), "tidemark.db");
  const single = await startOwnService("single", { DATABASE_PATH: path });
  await rename(path, `${path}.aside`);
  await writeFile(path, "");

  expect(await single.ended).toBe(1);
  expect(single.output()).toContain(`${path} was replaced by another file`);
});

test("single warns when its database file is moved away, and reports when it is back", async () => {
  const path = join(await createDataDir(), "tidemark.db");
  const single = await startOwnService("single", { DATABASE_PATH: path });
  await rename(path, `${path}.aside`);
  await waitFor("a warning", () => single.output().includes(`${path} was deleted or moved`), { timeoutMs: 30_000 });
  await rename(`${path}.aside`, path);
  await waitFor("the report that the file is back", () => single.output().includes("survive a loss of power again"), {
    timeoutMs: 30_000,
  });
});
