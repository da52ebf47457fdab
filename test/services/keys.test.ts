import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createOwnDatabase,
  launchOwnService,
  startOwnBroker,
  startOwnService,
} from "@tidemark/test-support/processes/own-services";
import type { ServiceProcess } from "@tidemark/test-support/processes/service-process";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, onTestFinished, test, vi } from "vitest";

vi.setConfig({ testTimeout: 120_000 }); // many processes are started

/** A key in the form of `npm run keys`. */
function createKey(): string {
  return `tdm_${randomBytes(32).toString("base64url")}`;
}

function hashOf(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-keys-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** Writes a keys file whose entries may do everything. */
async function writeKeys(path: string, entries: Record<string, string>): Promise<void> {
  const content = Object.entries(entries).map(([name, key]) => {
    return { name, sha256: hashOf(key), scopes: ["publish", "read", "admin"] };
  });
  await writeFile(`${path}.next`, JSON.stringify(content));
  await rename(`${path}.next`, path);
}

async function startSingle(environment: Record<string, string>) {
  const folder = await createFolder();
  const single = await startOwnService("single", { ...environment, DATABASE_PATH: join(folder, "tidemark.db") });
  return { publishing: single, reading: single, services: [single] };
}

async function startStack(environment: Record<string, string>) {
  const [broker, database] = await Promise.all([startOwnBroker(), createOwnDatabase()]);
  const stack = { ...environment, NATS_URL: broker.url, DATABASE_URL: database.url };
  const consumer = await startOwnService("consumer", stack);
  const [gateway, query] = await Promise.all([startOwnService("gateway", stack), startOwnService("query", stack)]);
  return { publishing: gateway, reading: query, services: [consumer, gateway, query] };
}

const EVENT = { topic: "t", event_id: "e", timestamp: "2025-10-23T10:00:00Z", source: "s" };

interface Operation {
  service: ServiceProcess;
  method: string;
  path: string;
}

/** Returns every operation of the OpenAPI document, with the service that has it. */
async function listOperations(publishing: ServiceProcess, reading: ServiceProcess, key: string): Promise<Operation[]> {
  const document = await fetch(`${reading.url}/openapi.json`, { headers: { authorization: `Bearer ${key}` } });
  const { paths } = (await document.json()) as { paths: Record<string, object> };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => ["get", "post", "put", "delete"].includes(method))
      .map((method) => ({
        service: path === "/publish" ? publishing : reading,
        method: method.toUpperCase(),
        path: path.replaceAll(/\{\w+\}/g, "1"),
      })),
  );
}

/** Sends a request, and returns the whole answer, or the first piece of a stream. */
async function exchange({ service, method, path }: Operation, headers: Record<string, string>, body = "{") {
  const sent = { "content-type": "application/json", ...headers };
  const init: RequestInit = { method, headers: sent, redirect: "manual", ...(method === "POST" && { body }) };
  const answer = await fetch(`${service.url}${path}`, init);
  const isStream = answer.headers.get("content-type")?.startsWith("text/event-stream") === true;
  const text = isStream ? "" : await answer.text();
  if (isStream) await answer.body?.cancel();
  return { status: answer.status, text: [...answer.headers].flat().join("\n") + text };
}

test.each([
  ["single", startSingle],
  ["the stack", startStack],
] as const)("in %s every route needs a key, and no key is in a log line or an answer", async (_shape, start) => {
  const path = join(await createFolder(), "keys.json");
  const [key, unknown] = [createKey(), createKey()];
  await writeKeys(path, { operator: key });
  const { publishing, reading, services } = await start({ API_KEYS_FILE: path, LOG_LEVEL: "trace" });
  const authorization = `Bearer ${key}`;
  const open = new Set(["/", "/livez", "/readyz", "/health"]);

  const answers: string[] = [];
  const statusOf = async (...request: Parameters<typeof exchange>) => {
    const { status, text } = await exchange(...request);
    answers.push(text);
    return status;
  };
  for (const operation of await listOperations(publishing, reading, key)) {
    const inUrl = { ...operation, path: `${operation.path}?api_key=${key}` };
    const what = `${operation.method} ${operation.path}`;
    const refused = open.has(operation.path) ? expect.any(Number) : 401;
    expect(await statusOf(operation, {}), what).toEqual(refused);
    expect(await statusOf(operation, { "x-api-key": unknown }), what).toEqual(refused);
    expect(await statusOf(inUrl, {}), what).toEqual(refused);
    expect(await statusOf(operation, { authorization }), what).not.toBe(401);
    await statusOf(inUrl, { authorization });
    await statusOf(operation, { authorization, "x-api-key": unknown });
  }
  const publish = { service: publishing, method: "POST", path: "/publish" };
  const wait = { authorization, prefer: "wait=30" };
  for (const body of [EVENT, EVENT, { ...EVENT, payload: { n: 1 } }]) {
    expect(await statusOf(publish, wait, JSON.stringify(body))).toBe(200);
  }
  await statusOf({ service: reading, method: "GET", path: `/${key}` }, { authorization: `Basic ${key}` });
  for (const service of services) await service.end("SIGTERM");

  for (const secret of [key, unknown, hashOf(key), hashOf(unknown)]) {
    for (const service of services) expect(service.output(), service.name).not.toContain(secret);
    // The 404 of an unknown path contains the path, so a client that puts its key there gets the key back.
    expect(answers.slice(0, -1).join("\n")).not.toContain(secret);
  }
});

test("a key that is added to the file works without a restart, and one that is removed does not", async () => {
  const path = join(await createFolder(), "keys.json");
  const [former, current] = [createKey(), createKey()];
  await writeKeys(path, { shop: former });
  const { reading } = await startSingle({ API_KEYS_FILE: path });
  const statusWith = async (key: string) =>
    (await fetch(`${reading.url}/stats`, { headers: { "x-api-key": key } })).status;
  expect(await statusWith(former)).toBe(200);

  await writeKeys(path, { shop: former, reports: current });
  await waitFor("the new key", async () => (await statusWith(current)) === 200);
  expect(await statusWith(former)).toBe(200);
  await writeFile(path, "[{");
  await waitFor("the log line about the file", () => reading.output().includes("the former keys stay"));
  expect(await statusWith(former)).toBe(200);
  await writeKeys(path, { reports: current });
  await waitFor("the end of the old key", async () => (await statusWith(former)) === 401);
  expect(await statusWith(current)).toBe(200);
  expect(reading.output()).toMatch(/"added":\["reports"\],"removed":\[\]/);
  expect(reading.output()).toMatch(/"added":\[\],"removed":\["shop"\]/);
});

test.each(["single", "gateway", "query"])(
  "%s does not start with a keys file that is missing or broken",
  async (name) => {
    const folder = await createFolder();
    const path = join(folder, "keys.json");
    const addresses = { NATS_URL: "nats://127.0.0.1:1", DATABASE_URL: "postgres://x:x@127.0.0.1:1/x" };
    const environment = { ...addresses, DATABASE_PATH: join(folder, "tidemark.db"), API_KEYS_FILE: path };
    const missing = await launchOwnService(name, environment);
    expect(await missing.ended).toBe(1);
    expect(missing.output()).toContain(`API_KEYS_FILE: cannot read ${path}`);

    await writeFile(path, JSON.stringify([{ name: "shop", sha256: createKey(), scopes: ["everything"] }]));
    const broken = await launchOwnService(name, environment);
    expect(await broken.ended).toBe(1);
    expect(broken.output()).toContain(`API_KEYS_FILE: ${path}: /0/sha256: must be`);
    expect(broken.output()).toContain(`API_KEYS_FILE: ${path}: /0/scopes/0: must be`);
    expect(broken.output()).not.toContain("tdm_");
  },
);
