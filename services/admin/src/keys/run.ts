import { createHash, randomBytes } from "node:crypto";
import { InvalidKeysFile, type KeyEntry, parseKeysFile } from "@tidemark/runtime/access/key-entry";
import { InvalidSettings } from "@tidemark/runtime/read-settings";
import { KeysFileFault, lockKeysFile, readKeysFile, readKeysFileIfAny, writeKeysFile } from "./keys-file.ts";
import { expiryOf, type KeysOptions } from "./options.ts";

export interface Outcome {
  exitCode: 0 | 1;
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
    if (options.operands === "create") return await createKey(options, nowMs);
    const file = options.file ?? readSettings().API_KEYS_FILE;
    if (file === undefined) return { exitCode: 1, fault: "name the file: --file or API_KEYS_FILE" };
    return await (options.operands === "list" ? listKeys(file, nowMs) : revokeKeys(file, options));
  } catch (error) {
    if (!(error instanceof KeysFileFault || error instanceof InvalidSettings)) throw error;
    return { exitCode: 1, fault: error.message };
  }
}

/** The beginning by which secret scanners recognise a key. */
const KEY_PREFIX = "tdm_";
const KEY_BYTES = 32;

async function createKey(options: KeysOptions, nowMs: number): Promise<Outcome> {
  const key = `${KEY_PREFIX}${randomBytes(KEY_BYTES).toString("base64url")}`;
  const entry = entryOf(options, { key, nowMs });
  const { file } = options;
  if (file !== undefined) await addEntry(file, entry);
  const where =
    file === undefined ? "Its entry, for the list in the file of API_KEYS_FILE" : `Its entry, added to ${file}`;
  return {
    exitCode: 0,
    output: `The key, which is shown only now:\n\n  ${key}\n\n${where}:\n\n  ${JSON.stringify(entry)}`,
  };
}

async function addEntry(file: string, entry: KeyEntry): Promise<void> {
  await using _lock = await lockKeysFile(file);
  await writeKeysFile(file, [...(await readKeysFileIfAny(file)), entry]);
}

function entryOf(options: KeysOptions, { key, nowMs }: { key: string; nowMs: number }): KeyEntry {
  const { name, scopes, topics, eventsPerSecond, bytesPerSecond, expires } = options;
  const limits = { events_per_second: eventsPerSecond, bytes_per_second: bytesPerSecond };
  const entry = {
    name,
    sha256: createHash("sha256").update(key).digest("hex"),
    scopes,
    topics,
    limits: eventsPerSecond === undefined && bytesPerSecond === undefined ? undefined : limits,
    expires_at: expires === undefined ? undefined : expiryOf(expires, nowMs),
  };
  try {
    return parseKeysFile(JSON.stringify([entry]))[0] as KeyEntry;
  } catch (error) {
    if (!(error instanceof InvalidKeysFile)) throw error;
    throw new KeysFileFault(error.message.replaceAll(/^\/0\//gm, "--"));
  }
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
  return { exitCode: 0, output: `Revoked ${revoked.length} of ${name}: ${hashes}. Services forget it within seconds.` };
}
