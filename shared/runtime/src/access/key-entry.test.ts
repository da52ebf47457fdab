import { expect, test } from "vitest";
import { InvalidKeysFile, parseKeysFile } from "./key-entry.ts";

const ENTRY = { name: "shop", sha256: "ab".repeat(32), scopes: ["publish"] };

function faultsOf(content: unknown): string[] {
  try {
    parseKeysFile(typeof content === "string" ? content : JSON.stringify(content));
    return [];
  } catch (error) {
    if (!(error instanceof InvalidKeysFile)) throw error;
    return error.message.split("\n");
  }
}

test("a full entry and several entries of one name are valid", () => {
  const full = {
    ...ENTRY,
    sha256: "CD".repeat(32),
    scopes: ["publish", "read", "admin"],
    topics: ["orders.", "ünïcode 😀"],
    limits: { events_per_second: 0.5, bytes_per_second: 1_000 },
    expires_at: "2030-01-01T00:00:00+02:00",
  };
  expect(parseKeysFile(JSON.stringify([ENTRY, full]))).toEqual([ENTRY, { ...full, sha256: "cd".repeat(32) }]);
});

test("all faults of a file are named at once, each with its place", () => {
  const faults = faultsOf([
    { ...ENTRY, name: "a shop", scopes: ["write"] },
    { ...ENTRY, sha256: "tdm_the_key_itself", topics: [""], expires_at: "tomorrow" },
    { sha256: "cd".repeat(32), scopes: [], topics: [], limits: { events: 1, bytes_per_second: 0 }, comment: "x" },
    "key",
  ]);
  expect(faults.map((fault) => fault.split(":")[0])).toEqual([
    "/0/name",
    "/0/scopes/0",
    "/1/sha256",
    "/1/topics/0",
    "/1/expires_at",
    "/2/name",
    "/2/scopes",
    "/2/topics",
    "/2/limits/bytes_per_second",
    "/2/limits",
    "/2",
    "/3",
  ]);
});

test.each([
  ["an object", { keys: [] }, "must be a list of keys"],
  ["no JSON", '[{"name": "shop", "sha256": "tdm_secret"', "is not JSON (line 1 column 41)"],
  ["an empty text", "", "is not JSON"],
  ["one key twice", [ENTRY, ENTRY], "/1/sha256: is the key of /0 again"],
])("a keys file with %s is refused", (_what, content, fault) => {
  expect(faultsOf(content)).toEqual([fault]);
});

test("no fault quotes a value, because that may be a key", () => {
  const secret = "tdm_secret";
  const wrong = { name: secret.repeat(9), sha256: secret, scopes: [secret], topics: secret, expires_at: secret };
  const contents = [[wrong], [{ ...wrong, limits: secret }], secret, `["${secret}", ]`, [secret]];
  for (const content of contents) {
    const faults = faultsOf(content);
    expect(faults).not.toEqual([]);
    expect(faults.join("\n")).not.toContain(secret);
  }
});
