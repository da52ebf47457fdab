import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VERSION } from "@tidemark/runtime/version";
import { startOwnService } from "@tidemark/test-support/processes/own-services";
import { expect, onTestFinished, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

const PROGRAM = `
import { type BatcherOptions, type Publication, PublishError, type PublishOptions, TidemarkClient, type Verdict } from "@tidemark/client";

const tidemark = new TidemarkClient({ url: String(process.argv[2]), deadlineMs: 20_000 });
const event = { topic: "packed", event_id: "p-1", timestamp: "2025-10-23T10:00:00Z", source: "test", payload: { total: 1 } };
const options: PublishOptions = { results: true };
const publication: Publication = await tidemark.publish([event, event], options);
const settings: BatcherOptions = { maxEvents: 2 };
const batcher = tidemark.batcher(settings);
const verdicts: Verdict[] = await Promise.all(["p-1", "p-2"].map((event_id) => batcher.add({ ...event, event_id })));
await batcher.close();
const refused: unknown = await tidemark.publish({ ...event, topic: "" }).catch((error: unknown) => error);
const outcome: string = refused instanceof PublishError ? refused.outcome : "none";
const seen: string[] = [];
for await (const stored of tidemark.subscribe("billing", { topic: "packed" })) {
  seen.push(stored.event_id);
  if (seen.length === 2) break;
}
console.log(JSON.stringify([publication.accepted, publication.duplicates, verdicts.map(({ status }) => status), outcome, seen]));
`;

/** Strict, and with the types of the package itself checked. */
const COMPILER_OPTIONS = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  module: "nodenext",
  target: "es2024",
  noEmit: true,
  types: ["node"],
};

test("the packed client, installed into an empty project, publishes and subscribes with strict types", async () => {
  const project = await mkdtemp(join(tmpdir(), "tidemark-client-"));
  onTestFinished(() => rm(project, { recursive: true }));
  const run = (command: string, ...options: string[]) =>
    execFileSync(command, options, { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const { url } = await startOwnService("single", { DATABASE_PATH: join(project, "tidemark.db") });

  run("node", join(ROOT, "tools/build-client.ts"), "--to", join(project, "built"));
  const tarball = run("npm", "pack", "--silent", join(project, "built")).trim();
  expect(tarball).toBe(`tidemark-client-${VERSION}.tgz`);
  await writeFile(join(project, "package.json"), '{ "private": true, "type": "module" }');
  run("npm", "install", "--offline", "--no-audit", "--no-fund", "--silent", tarball);
  await writeFile(join(project, "program.ts"), PROGRAM);
  await writeFile(
    join(project, "tsconfig.json"),
    JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: ["program.ts"] }),
  );
  await symlink(join(ROOT, "node_modules/@types"), join(project, "node_modules/@types"));

  run(join(ROOT, "node_modules/.bin/tsc"), "-p", ".");
  const output = run("node", "program.ts", url);

  expect(JSON.parse(output)).toEqual([1, 1, ["duplicate", "stored"], "refused", ["p-1", "p-2"]]);
  const files = ["README.md", "LICENSE", "tidemark-client.d.ts"].map((name) =>
    existsSync(join(project, "node_modules/@tidemark/client", name)),
  );
  expect(files).toEqual([true, true, true]);
});
