import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "@tidemark/test-support/wait-for";
import { inject, onTestFinished } from "vitest";
import type { RunningShape } from "./shape.ts";
import { openSingle } from "./single.ts";
import { openStack } from "./stack.ts";

/** A Tidemark that one test owns and whose dashboard it opens. The tests are the same for both shapes. */
export interface Tidemark extends RunningShape {
  /** Publishes events and waits until each has its verdict. */
  publish(...events: (object | string)[]): Promise<void>;
  stats(): Promise<Record<string, unknown>>;
  /** Removes a key from the keys file. */
  revoke(name: keyof typeof KEYS): Promise<void>;
}

/** The keys of a Tidemark with keys. */
export const KEYS = {
  producer: "tests-producer-key",
  reader: "tests-reader-key",
  operator: "tests-operator-key",
  limited: "tests-limited-key",
};

const RIGHTS = {
  producer: { scopes: ["publish"] },
  reader: { scopes: ["read"] },
  operator: { scopes: ["read", "admin"] },
  limited: { scopes: ["read"], topics: ["browser."] },
};

const OPEN = { single: openSingle, stack: openStack };

export async function openTidemark({ withKeys = false } = {}): Promise<Tidemark> {
  const keysFile = withKeys ? await openKeysFile() : undefined;
  const shape = await OPEN[inject("shape")](keysFile === undefined ? {} : { API_KEYS_FILE: keysFile.path });
  // /readyz answers 200 sooner, but before the first heartbeat /health reports that no consumer runs.
  await waitFor("health", async () => (await fetch(`${shape.url}/health`)).ok);
  return {
    ...shape,
    publish: async (...events) => {
      const body = `[${events.map((event) => (typeof event === "string" ? event : JSON.stringify(event))).join(",")}]`;
      const key = withKeys ? { "x-api-key": KEYS.producer } : {};
      const headers = { "content-type": "application/json", prefer: "wait=60", ...key };
      const answer = await fetch(`${shape.url}/publish`, { method: "POST", headers, body });
      if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
    },
    stats: async () => (await (await fetch(`${shape.url}/stats`)).json()) as Record<string, unknown>,
    revoke: async (name) => keysFile?.write(Object.keys(KEYS).filter((each) => each !== name) as KeyName[]),
  };
}

type KeyName = keyof typeof KEYS;

async function openKeysFile() {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-keys-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, "keys.json");
  const write = async (names: KeyName[]) => {
    const entries = names.map((name) => ({
      name,
      sha256: createHash("sha256").update(KEYS[name]).digest("hex"),
      ...RIGHTS[name],
    }));
    await writeFile(path, JSON.stringify(entries));
  };
  await write(Object.keys(KEYS) as KeyName[]);
  return { path, write };
}

let made = 0;

/** Makes an event with an id that no other test uses. */
export function makeEvent(fields: Record<string, unknown> = {}) {
  return {
    topic: "browser.test",
    event_id: `browser-${++made}`,
    timestamp: "2025-10-23T10:00:00Z",
    source: "browser-test",
    payload: {},
    ...fields,
  };
}
