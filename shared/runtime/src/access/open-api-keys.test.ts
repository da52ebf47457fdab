import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test, vi } from "vitest";
import { InvalidSettings } from "../read-settings.ts";
import { openApiKeys } from "./open-api-keys.ts";

const logger = createLogger({ service: "test", level: "silent" });

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-keys-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

function contentOf(...names: string[]): string {
  return JSON.stringify(names.map((name) => ({ name, sha256: hashOf(name), scopes: ["read"] })));
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function open(path: string) {
  const lines: [level: string, object, string][] = [];
  for (const level of ["info", "error"] as const) {
    const spy = vi.spyOn(logger, level).mockImplementation((...line: unknown[]) => {
      lines.push([level, ...(line as [object, string])]);
    });
    onTestFinished(() => spy.mockRestore());
  }
  const watched = openApiKeys({ path, logger, intervalMs: 5 });
  if (watched === undefined) throw new Error("the path is set");
  onTestFinished(() => watched.stop());
  const nameOf = (key: string) => watched.keys.find(key)?.client.name;
  return { nameOf, lines, lineWith: (text: string) => lines.find(([, , message]) => message.includes(text)) };
}

test("without a path there are no keys", () => {
  expect(openApiKeys({ path: undefined, logger })).toBeUndefined();
});

test.each(["API_KEY", "API_KEY_FILE"])(
  "%s without API_KEYS_FILE is a warning that names API_KEYS_FILE",
  async (name) => {
    vi.stubEnv(name, "keys.json");
    onTestFinished(() => void vi.unstubAllEnvs());
    const warn = vi.spyOn(logger, "warn");
    onTestFinished(() => warn.mockRestore());
    openApiKeys({ path: undefined, logger });
    expect(warn.mock.calls).toEqual([[{ name, nearest: "API_KEYS_FILE" }, expect.stringContaining("API_KEYS_FILE")]]);

    const path = join(await createFolder(), "keys.json");
    await writeFile(path, contentOf("shop"));
    openApiKeys({ path, logger })?.stop();
    expect(warn.mock.calls).toHaveLength(1);
  },
);

test("a file that is missing or broken refuses the start, with every fault on a line", async () => {
  const path = join(await createFolder(), "keys.json");
  expect(() => openApiKeys({ path, logger })).toThrow(InvalidSettings);
  await writeFile(path, JSON.stringify([{ name: "shop", scopes: ["all"] }]));
  expect(() => openApiKeys({ path, logger })).toThrow(
    new InvalidSettings(
      [
        "invalid settings:",
        `  API_KEYS_FILE: ${path}: /0/sha256: must be a string`,
        `  API_KEYS_FILE: ${path}: /0/scopes/0: must be one of publish, read, admin`,
      ].join("\n"),
    ),
  );
});

test("a file that is written in place or replaced by a rename is read again, and the log names the changed entries", async () => {
  const folder = await createFolder();
  const path = join(folder, "keys.json");
  await writeFile(path, contentOf("first", "second"));
  const { nameOf, lines } = open(path);
  expect(nameOf("first")).toBe("first");

  await writeFile(path, contentOf("second", "third"));
  await vi.waitFor(() => expect(nameOf("third")).toBe("third"));
  expect(nameOf("first")).toBeUndefined();
  expect(lines.at(-1)).toEqual([
    "info",
    { path, added: ["third"], removed: ["first"], changed: [] },
    "the keys file was read again",
  ]);

  await writeFile(join(folder, "next.json"), contentOf("fourth"));
  await rename(join(folder, "next.json"), path);
  await vi.waitFor(() => expect(nameOf("fourth")).toBe("fourth"));
  expect(JSON.stringify(lines)).not.toContain(hashOf("fourth"));
});

test("a change of rights is logged as a change", async () => {
  const path = join(await createFolder(), "keys.json");
  await writeFile(path, contentOf("first"));
  const { lines } = open(path);
  await writeFile(path, contentOf("first").replace("read", "admin"));
  await vi.waitFor(() => expect(lines.at(-1)?.[1]).toMatchObject({ added: [], removed: [], changed: ["first"] }));
});

test("a change of a symbolic link, as Kubernetes makes it, is noticed", async () => {
  const folder = await createFolder();
  for (const version of ["1", "2"]) {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, "keys.json"), contentOf(`key-${version}`));
  }
  await symlink("1", join(folder, "data"));
  await symlink("data/keys.json", join(folder, "keys.json"));
  const { nameOf } = open(join(folder, "keys.json"));
  expect(nameOf("key-1")).toBe("key-1");
  await symlink("2", join(folder, "next"));
  await rename(join(folder, "next"), join(folder, "data"));
  await vi.waitFor(() => expect(nameOf("key-2")).toBe("key-2"));
});

test("a file that becomes broken or is removed leaves the former keys, and is logged once", async () => {
  const path = join(await createFolder(), "keys.json");
  await writeFile(path, contentOf("first"));
  const { nameOf, lines, lineWith } = open(path);

  await writeFile(path, "[{");
  await vi.waitFor(() => expect(lineWith("is broken; the former keys stay")?.[0]).toBe("error"));
  await rm(path);
  await vi.waitFor(() => expect(lineWith("cannot be read; the former keys stay")?.[0]).toBe("error"));
  expect(nameOf("first")).toBe("first");

  await writeFile(path, contentOf("second"));
  await vi.waitFor(() => expect(nameOf("second")).toBe("second"));
  expect(lines.filter(([level]) => level === "error")).toHaveLength(2);
});

test("a file that is no longer watched is not read again", async () => {
  const path = join(await createFolder(), "keys.json");
  await writeFile(path, contentOf("first"));
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const watched = openApiKeys({ path, logger });
  expect(vi.getTimerCount()).toBe(1);
  watched?.stop();
  expect(vi.getTimerCount()).toBe(0);
});
