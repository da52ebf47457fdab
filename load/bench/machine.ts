import { execFileSync } from "node:child_process";
import { cpus, release, totalmem } from "node:os";
import { findNatsServer } from "@tidemark/programs/nats-server";
import pg from "pg";

/** Returns the machine and the programs of a measurement, as pairs of name and description. */
export type Machine = [name: string, words: string][];

export async function describeMachine(dataDir: string, databaseUrl: string | undefined): Promise<Machine> {
  const [processor] = cpus();
  return [
    ["cores", `${cpus().length}, ${processor?.model.trim() ?? "unknown"}`],
    ["memory", `${Math.round(totalmem() / 2 ** 30)} GiB`],
    ["system", `Linux ${release()}`],
    ["disk", diskOf(dataDir)],
    ["Node", process.version],
    ["PostgreSQL", databaseUrl === undefined ? "not started" : await describePostgres(databaseUrl)],
    ["NATS", `${firstLine(await findNatsServer(), ["--version"])}; sync_interval: always`],
    ["commit", describeCommit()],
  ];
}

async function describePostgres(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const settings = ["server_version", "shared_buffers", "max_wal_size", "synchronous_commit", "fsync"];
    const { rows } = await client.query(
      `SELECT string_agg(name || ' ' || current_setting(name), ', ' ORDER BY n) AS words
       FROM unnest($1::text[]) WITH ORDINALITY AS given (name, n)`,
      [settings],
    );
    return rows[0].words.replace("server_version ", "");
  } finally {
    await client.end();
  }
}

function diskOf(path: string): string {
  const line = firstLine("findmnt", ["--noheadings", "--output", "FSTYPE,SOURCE", "--target", path]);
  return line?.split(/\s+/).join(" on ") ?? "unknown";
}

function describeCommit(): string {
  const commit = firstLine("git", ["rev-parse", "--short", "HEAD"]) ?? "unknown";
  const changes = firstLine("git", ["status", "--porcelain", "--untracked-files=no"]);
  return changes ? `${commit}, with changes` : commit;
}

function firstLine(command: string, args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .split("\n")[0]
      ?.trim();
  } catch {
    return undefined;
  }
}
