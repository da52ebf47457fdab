import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changeTables } from "@tidemark/test-support/databases/sqlite-tables";
import { startOwnService } from "@tidemark/test-support/processes/own-services";
import { onTestFinished } from "vitest";
import type { RunningShape } from "./shape.ts";

export async function openSingle(settings: Record<string, string>): Promise<RunningShape> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-browser-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, "tidemark.db");
  let service = await startOwnService("single", { ...settings, DATABASE_PATH: path });
  const { url, port } = service;
  return {
    url,
    crash: async () => void (await service.end("SIGKILL")),
    restart: async () => {
      service = await startOwnService("single", { ...settings, DATABASE_PATH: path, PORT: String(port) });
    },
    refuse: async (condition) =>
      changeTables(
        path,
        `CREATE TRIGGER refusal BEFORE INSERT ON events WHEN ${condition}
         BEGIN SELECT RAISE(ABORT, 'refused by the test'); END`,
      ),
    accept: async () => changeTables(path, "DROP TRIGGER refusal"),
  };
}
