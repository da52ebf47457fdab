import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { BASE, manifestsOf, podOf, ROOT, read, SETTINGS_OF_BASE, WORKLOADS } from "./manifests.ts";

const ADDRESS = "db.example.com:5432/tidemark";
/** Secrets that make-secrets.sh does not make: the keys of clients (docs/operations.md). */
const MADE_ELSEWHERE = ["keys"];

interface Secret {
  kind: string;
  metadata: { name: string };
  data: Record<string, string>;
}

let folder = "";
let printed = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-secrets-"));
  printed = makeSecrets();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function makeSecrets(): string {
  const environment = { PATH: process.env.PATH, DATABASE_ADDRESS: ADDRESS };
  return execFileSync("sh", [join(ROOT, "deploy/kubernetes/make-secrets.sh"), folder], {
    encoding: "utf8",
    env: environment as NodeJS.ProcessEnv,
  });
}

/** Returns the values of each Secret that the script printed. */
function secrets(): Map<string, Record<string, string>> {
  const documents = parseAllDocuments(printed).map((document) => document.toJS() as Secret);
  return new Map(
    documents.map(({ metadata, data }) => [
      metadata.name,
      Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()])),
    ]),
  );
}

test("each Secret that a pod mounts is made, with the keys that it takes", () => {
  const mounted = [...WORKLOADS, ...manifestsOf("overlays/ha/nats/three-servers.yaml")].flatMap((workload) =>
    (podOf(workload).volumes ?? []).flatMap(({ secret, projected }) => [
      ...(secret === undefined ? [] : [{ name: secret.secretName, items: secret.items }]),
      ...(projected?.sources ?? []).flatMap((source) => (source.secret === undefined ? [] : [source.secret])),
    ]),
  );
  const made = secrets();
  const missing = mounted
    .filter(({ name }) => !MADE_ELSEWHERE.includes(name))
    .flatMap(({ name, items = [] }) => [
      ...(made.has(name) ? [] : [name]),
      ...items.filter(({ key }) => !made.get(name)?.[key]).map(({ key }) => `${name}/${key}`),
    ]);
  expect(mounted.length).toBeGreaterThan(5);
  expect(missing).toEqual([]);
});

test("each part gets the files that the settings name", () => {
  const made = secrets();
  const keys = (part: string) => Object.keys(made.get(part) ?? {}).sort();
  expect(keys("gateway")).toEqual(["nats_url", "signing_key"]);
  expect(keys("consumer")).toEqual(["database_url", "nats_url"]);
  expect(keys("query")).toEqual(["database_url", "nats_url", "signing_key"]);
  expect(keys("migrate")).toEqual(["database_url"]);
  const named = Object.values(SETTINGS_OF_BASE).filter((value) => value.startsWith("/run/tidemark/"));
  expect(named.map((path) => path.split("/").at(-1)).sort()).toEqual(keys("query"));
});

test("the addresses are those of the broker's service and of the given database, each with a user of its own", () => {
  const made = secrets();
  const services = BASE.filter(({ kind }) => kind === "Service").map(({ metadata }) => metadata.name);
  for (const part of ["gateway", "consumer", "query"]) {
    const url = new URL(made.get(part)?.nats_url ?? "");
    expect(services).toContain(url.hostname);
    expect(url.username).toBe(part);
  }
  const password = made.get("role-tidemark-writer")?.password;
  expect(made.get("consumer")?.database_url).toBe(`postgres://tidemark_writer:${password}@${ADDRESS}`);
});

test("the second run prints the same", () => {
  expect(makeSecrets()).toBe(printed);
});

test("the script names the servers of the broker by their pods", () => {
  const [servers] = manifestsOf("overlays/ha/nats/three-servers.yaml");
  const routes = secrets().get("nats")?.["routes.conf"] ?? "";
  const hosts = [...routes.matchAll(/@([\w.-]+):(\d+)"/g)].map(([, host, port]) => `${host}:${port}`);
  const port = /listen: "0\.0\.0\.0:(\d+)"/.exec(read("deploy/kubernetes/overlays/ha/nats/cluster.conf"))?.[1];
  const pods = Array.from({ length: servers?.spec.replicas ?? 0 }, (_, index) => `nats-${index}.nats-nodes:${port}`);
  expect(hosts).toEqual(pods);
});
