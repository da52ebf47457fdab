import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/** Runs `npm run load:k6 -- SCRIPT [options of k6 run]` with the k6 on the PATH, or else with its image. */

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const IMAGE = "grafana/k6:1.8.1";
const OLDEST_MAJOR = 1; // runs TypeScript directly
const WRONG_ARGUMENTS_EXIT_CODE = 2;

const [name = "", ...args] = process.argv.slice(2);
const script = `${basename(name, ".k6.ts")}.k6.ts`;
const scripts = globSync("*.k6.ts", { cwd: FOLDER }).map((file) => basename(file, ".k6.ts"));
if (!existsSync(`${FOLDER}${script}`)) {
  process.stderr.write(`Usage: npm run load:k6 -- SCRIPT [options of k6 run]

Loads a running service, and compares the sent events, the answers and /stats. The exit code is not 0 if they differ. The service is named by BASE_URL (default http://localhost:8080), API_KEY its key.

  SCRIPT   ${scripts.sort().join(", ")}; load/README.md describes each of them
`);
  process.exit(["", "--help", "-h"].includes(name) ? 0 : WRONG_ARGUMENTS_EXIT_CODE);
}

const [command, ...rest] = findK6();
const child = spawn(command, [...rest, ...args], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
const [code] = await once(child, "exit");
process.exit(code ?? 1);

function findK6(): [string, ...string[]] {
  const options = ["--no-usage-report"];
  const major = Number(/k6 v(\d+)\./.exec(said("k6", ["version"]))?.[1] ?? 0);
  if (major >= OLDEST_MAJOR) return ["k6", "run", ...options, `${FOLDER}${script}`];
  if (said("docker", ["version", "--format", "{{.Server.Version}}"]) !== "") {
    const settings = ["BASE_URL", "API_KEY"].flatMap((setting) => ["--env", setting]);
    const volume = `${FOLDER}:/load:ro`;
    const run = ["run", "--rm", "--interactive", "--network", "host", "--volume", volume, ...settings, IMAGE];
    return ["docker", ...run, "run", ...options, `/load/${script}`];
  }
  process.stderr.write(
    `No k6 of version ${OLDEST_MAJOR} or newer on the PATH, and no Docker to run ${IMAGE}.\n` +
      "Get it from https://grafana.com/docs/k6/latest/set-up/install-k6/\n",
  );
  process.exit(1);
}

/** Returns the output of a command; nothing if the command is missing or fails. */
function said(program: string, words: string[]): string {
  try {
    return execFileSync(program, words, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "";
  }
}
