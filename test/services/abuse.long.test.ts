import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { openSingle } from "@tidemark/test-support/processes/deployments";
import { expect, test } from "vitest";

const run = promisify(execFile);
const ABUSE = fileURLToPath(new URL("../../load/abuse/main.ts", import.meta.url));

test("64 abusive clients of one address fail no request of another address", { timeout: 120_000 }, async () => {
  const { readUrl } = await openSingle();
  // The program exits with 1 if a request failed, and `run` then throws its output.
  const { stdout } = await run(process.execPath, [ABUSE, "--url", readUrl, "--seconds", "6", "--json"]);
  const { beside, outcomes } = JSON.parse(stdout);

  expect(beside.failures).toEqual([]);
  expect(beside.requests).toBeGreaterThan(0);
  expect(Object.keys(outcomes).length).toBeGreaterThan(0); // proves that the abusive clients ran
  expect((await fetch(`${readUrl}/health`)).status).toBe(200);
});
