import { execFile } from "node:child_process";
import { arch, availableParallelism, platform, totalmem } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Describes where a run took place in one sentence: commit, machine, programs. */
export async function describeEnvironment(programs: readonly string[]): Promise<string> {
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB`;
  const machine = [
    `${availableParallelism()} cores`,
    memory,
    `${platform()} ${arch()}`,
    `Node ${process.versions.node}`,
  ];
  return `Commit ${await describeCommit()}, on ${[...machine, ...programs].join(", ")}.`;
}

async function describeCommit(): Promise<string> {
  try {
    const cwd = import.meta.dirname;
    const { stdout: commit } = await run("git", ["rev-parse", "--short=10", "HEAD"], { cwd });
    const { stdout: changes } = await run("git", ["status", "--porcelain", "--", ":/services", ":/shared"], { cwd });
    return changes === "" ? commit.trim() : `${commit.trim()} and changes`;
  } catch {
    return "unknown"; // not a checkout
  }
}
