import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { VERSION } from "@tidemark/runtime/version";
import rootPackage from "../package.json" with { type: "json" };

/**
 * Builds the package of the TypeScript client for npm: `node tools/build-client.ts [--to FOLDER]`, by default
 * clients/typescript/dist. `npm publish FOLDER` publishes it. In the workspace the client runs from its source.
 */

const CLIENT = resolve(import.meta.dirname, "../clients/typescript");
const { values } = parseArgs({ options: { to: { type: "string", default: join(CLIENT, "dist") } } });
const folder = resolve(values.to);

rmSync(folder, { recursive: true, force: true });
execFileSync("tsc", ["-p", join(CLIENT, "tsconfig.build.json"), "--outDir", folder], { stdio: "inherit" });
copyFileSync(join(CLIENT, "README.md"), join(folder, "README.md"));
copyFileSync(join(CLIENT, "../../LICENSE"), join(folder, "LICENSE"));

const repository = process.env.GITHUB_REPOSITORY; // set in a workflow, because npm compares it with the provenance
const manifest = {
  name: "@tidemark/client",
  version: VERSION,
  description: "Publishes events to Tidemark, with retries, batches and an outcome for each event, and follows them.",
  keywords: ["tidemark", "events", "deduplication", "idempotency", "exactly-once"],
  license: rootPackage.license,
  ...(repository && { repository: { type: "git", url: `git+https://github.com/${repository}.git` } }),
  type: "module",
  exports: { ".": { types: "./tidemark-client.d.ts", default: "./tidemark-client.js" } },
  files: ["**/*.js", "**/*.d.ts"],
  engines: { node: ">=22" }, // Promise.withResolvers
  publishConfig: { access: "public" },
};
writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
