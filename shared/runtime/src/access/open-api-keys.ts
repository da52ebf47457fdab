import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Logger } from "@tidemark/telemetry/logger";
import { InvalidSettings, warnOfPublisherKey } from "../read-settings.ts";
import { ApiKeys } from "./api-keys.ts";
import { InvalidKeysFile, type KeyEntry, parseKeysFile } from "./key-entry.ts";

export interface ApiKeysOptions {
  /** The value of API_KEYS_FILE. Without it there are no keys, and the service is open. */
  path: string | undefined;
  logger: Logger;
  intervalMs?: number;
}

export interface WatchedApiKeys {
  keys: ApiKeys;
  stop(): void;
}

/**
 * Reads the keys file now and whenever its content changes. Compares the content itself, because orchestrators exchange
 * a mounted file by a rename or by a symbolic link. A file that is broken or missing is logged once, and the former
 * keys stay.
 *
 * @throws {InvalidSettings} if the first reading fails
 */
export function openApiKeys({ path, logger, intervalMs = 2_000 }: ApiKeysOptions): WatchedApiKeys | undefined {
  if (path === undefined) {
    warnOfPublisherKey(logger);
    return undefined;
  }
  const text = readFirst(path);
  let entries = parseFirst(path, text);
  const keys = new ApiKeys(entries);
  logger.info({ path, names: namesOf(entries) }, "requests need a key");

  const replace = (content: string) => {
    const former = entries;
    entries = parseKeysFile(content);
    keys.replace(entries);
    logger.info({ path, ...changesBetween(former, entries) }, "the keys file was read again");
  };
  return { keys, stop: watchContent({ path, first: text, intervalMs, onChange: replace, logger }) };
}

function readFirst(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new InvalidSettings(`invalid settings:\n  API_KEYS_FILE: cannot read ${path}: ${(error as Error).message}`);
  }
}

function parseFirst(path: string, text: string): KeyEntry[] {
  try {
    return parseKeysFile(text);
  } catch (error) {
    if (!(error instanceof InvalidKeysFile)) throw error;
    const faults = error.message.split("\n").map((fault) => `  API_KEYS_FILE: ${path}: ${fault}`);
    throw new InvalidSettings(["invalid settings:", ...faults].join("\n"));
  }
}

interface ContentWatch {
  path: string;
  first: string;
  intervalMs: number;
  /** @throws {InvalidKeysFile} if the new content is broken */
  onChange: (content: string) => void;
  logger: Logger;
}

/** Calls `onChange` with each new content of a file. Returns the function that stops watching. */
function watchContent({ path, first, intervalMs, onChange, logger }: ContentWatch): () => void {
  let last: string | undefined = first; // undefined while the file cannot be read
  const look = async () => {
    try {
      const content = await readFile(path, "utf8");
      if (content === last) return;
      last = content;
      onChange(content);
    } catch (error) {
      if (error instanceof InvalidKeysFile) {
        logger.error({ path, faults: error.message.split("\n") }, "the keys file is broken; the former keys stay");
      } else if (last !== undefined) {
        last = undefined;
        logger.error({ path, err: error }, "the keys file cannot be read; the former keys stay");
      }
    }
  };
  let timer: NodeJS.Timeout;
  const lookLater = () => {
    timer = setTimeout(() => void look().then(() => isStopped || lookLater()), intervalMs).unref();
  };
  let isStopped = false;
  lookLater();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

function namesOf(entries: KeyEntry[]): string[] {
  return [...new Set(entries.map(({ name }) => name))];
}

/**
 * Returns the names of the entries that differ. An entry whose key stays the same and whose rights differ is `changed`.
 */
function changesBetween(former: KeyEntry[], current: KeyEntry[]) {
  const formerByKey = new Map(former.map((entry) => [entry.sha256, entry]));
  const currentKeys = new Set(current.map(({ sha256 }) => sha256));
  const isChanged = (entry: KeyEntry) => JSON.stringify(entry) !== JSON.stringify(formerByKey.get(entry.sha256));
  return {
    added: namesOf(current.filter(({ sha256 }) => !formerByKey.has(sha256))),
    removed: namesOf(former.filter(({ sha256 }) => !currentKeys.has(sha256))),
    changed: namesOf(current.filter((entry) => formerByKey.has(entry.sha256) && isChanged(entry))),
  };
}
