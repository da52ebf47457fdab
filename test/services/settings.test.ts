import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const run = promisify(execFile);
const mainOf = (service: string) => join(import.meta.dirname, `../../services/${service}/src/main.ts`);

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-settings-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

test.each(["single", "gateway", "consumer", "query", "publisher"])(
  "%s does not start with a name in .env that is not a setting, and names the nearest one",
  async (service) => {
    const cwd = await createFolder();
    await writeFile(join(cwd, ".env"), "PUBLISH_WAIT_MSS=1\nKEEP_FOR_EVER=yes\n");

    const refused = run(process.execPath, ["--env-file-if-exists=.env", mainOf(service)], { cwd });

    await expect(refused).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /KEEP_FOR_EVER is not a setting\n.*MSS is not a setting; did you mean PUBLISH_WAIT_MS\?/,
      ),
    });
  },
);

test.each(["gateway", "consumer", "query"])(
  "%s does not start with an authority for NATS that it would ignore",
  async (service) => {
    const env = { PATH: process.env.PATH, NATS_URL: "nats://127.0.0.1:1", NATS_CA_FILE: "ca.pem" };

    const refused = run(process.execPath, [mainOf(service)], { env });

    await expect(refused).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("NATS_CA_FILE: works only"),
    });
  },
);

test("a name in the environment that is nearly a setting is a warn line, and the service starts", async () => {
  const cwd = await createFolder();
  const env = { ...process.env, PUBLISH_WAIT_MSS: "1", PORT: "0" };
  const single = spawn(process.execPath, [mainOf("single")], { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void single.kill("SIGKILL"));
  const lines: Record<string, unknown>[] = [];
  for await (const line of createInterface({ input: single.stdout })) {
    lines.push(JSON.parse(line));
    if (String(lines.at(-1)?.msg).startsWith("Server listening")) break;
  }
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 40, name: "PUBLISH_WAIT_MSS", nearest: "PUBLISH_WAIT_MS" }),
  );
});
