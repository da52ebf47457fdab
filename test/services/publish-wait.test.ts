import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOwnService } from "@tidemark/test-support/processes/own-services";
import { expect, onTestFinished, test } from "vitest";

test("single answers 200 even with PUBLISH_WAIT_MS=0, because it has no answer before the commit", async () => {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const { url } = await startOwnService("single", {
    DATABASE_PATH: join(directory, "tidemark.db"),
    PUBLISH_WAIT_MS: "0",
  });
  const event = { topic: "t", event_id: "1", timestamp: "2025-10-23T10:00:00Z", source: "s" };

  const answer = await fetch(`${url}/publish`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(event),
  });

  expect([answer.status, await answer.json()]).toEqual([200, expect.objectContaining({ accepted: 1 })]);
});
