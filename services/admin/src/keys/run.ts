import type { KeyEntry } from "@tidemark/runtime/access/key-entry";
import { InvalidSettings } from "@tidemark/runtime/read-settings";
import { KeysFileFault, lockKeysFile, readKeysFile, readKeysFileIfAny, writeKeysFile } from "./keys-file.ts";
import { createEntry, describeInherited } from "./new-key.ts";
import type { KeysOptions } from "./options.ts";

export interface Outcome {
  exitCode: 0 | 1 | 2;
  output?: string;
  fault?: string;
}

export interface Surroundings {
  nowMs: number;
  /** Reads the setting that names the file if the arguments do not. */
  readSettings: () => { API_KEYS_FILE?: string | undefined };
}

/** Runs `create`, `list` or `revoke`. */
export async function runKeysCommand(options: KeysOptions, { nowMs, readSettings }: Surroundings): Promise<Outcome> {
  try {
    const file = options.file ?? readSettings().API_KEYS_FILE;
    if (options.operands === "create") return await createKey(options, { nowMs, file });
    if (file === undefined) return { exitCode: 1, fault: "name the file: --file or API_KEYS_FILE" };
    return await (options.operands === "list" ? listKeys(file, nowMs) : revokeKeys(file, options));
  } catch (error) {
    if (!(error instanceof KeysFileFault || error instanceof InvalidSettings)) throw error;
    return { exitCode: 1, fault: error.message };
  }
}

/** Adds an entry to the file of the option. Without it, prints the entry only, and `file` is the one of the setting. */
async function createKey(
  options: KeysOptions,
  { nowMs, file }: { nowMs: number; file: string | undefined },
): Promise<Outcome> {
  await using _lock = options.file === undefined ? undefined : await lockKeysFile(options.file);
  const entries = file === undefined ? [] : await readKeysFileIfAny(file);
  const former = entries.findLast(({ name }) => name === options.name);
  const faults = faultsOf(options, { former, nowMs });
  if (faults !== undefined) return { exitCode: 2, fault: faults };
  const { key, entry } = createEntry(options, { former, nowMs });
  if (options.file !== undefined) await writeKeysFile(options.file, [...entries, entry]);
  const where =
    options.file === undefined
      ? "Its entry, for the list in the file of API_KEYS_FILE"
      : `Its entry, added to ${options.file}`;
  const parts = [
    `The key, which is shown only now:\n\n  ${key}`,
    `${where}:\n\n  ${JSON.stringify(entry)}`,
    ...(former === undefined ? [] : [describeInherited(options, former)]),
  ];
  return { exitCode: 0, output: parts.join("\n\n") };
}

/** Returns the faults of the options of `create`, given the newest entry of that name. */
function faultsOf(
  { name, scopes, expires }: KeysOptions,
  { former, nowMs }: { former: KeyEntry | undefined; nowMs: number },
): string | undefined {
  if (former === undefined) {
    return scopes === undefined ? `--scopes is required for the new name ${name}: publish, read, admin` : undefined;
  }
  const end = former.expires_at;
  const isOver = expires === undefined && end !== undefined && Date.parse(end) <= nowMs;
  return isOver ? `--expires is required: the newest key of ${name} expired ${end}` : undefined;
}

async function listKeys(file: string, nowMs: number): Promise<Outcome> {
  const entries = await readKeysFile(file);
  const rows = entries.map(({ name, sha256, scopes, topics, expires_at: end }) => [
    name,
    sha256.slice(0, 8),
    scopes.join(","),
    topics?.join(",") ?? "all topics",
    end === undefined ? "does not expire" : `${Date.parse(end) <= nowMs ? "expired" : "expires"} ${end}`,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  return { exitCode: 0, output: lines.join("\n") || `${file} has no keys` };
}

async function revokeKeys(file: string, { name, sha256 = "" }: KeysOptions): Promise<Outcome> {
  await using _lock = await lockKeysFile(file);
  const entries = await readKeysFile(file);
  const isRevoked = (entry: KeyEntry) => entry.name === name && entry.sha256.startsWith(sha256.toLowerCase());
  const revoked = entries.filter(isRevoked);
  if (revoked.length === 0) return { exitCode: 1, fault: `${file} has no such key` };
  await writeKeysFile(
    file,
    entries.filter((entry) => !isRevoked(entry)),
  );
  const hashes = revoked.map((entry) => entry.sha256.slice(0, 8)).join(", ");
  return { exitCode: 0, output: `Revoked ${revoked.length} of ${name}: ${hashes}. Services refuse it within seconds.` };
}
