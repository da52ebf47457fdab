import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { formatTable } from "../../tools/markdown-table.ts";
import { entryOf, openServersWithKeys, type Route, type ServersWithKeys, SHAPES } from "./servers-with-keys.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 }); // each server opens a store and its threads

// The test of the table writes it: npx vitest run --project unit test/access --update
const DOCUMENT = "../../docs/access.md";

const ALL = ["publish", "read", "admin"] as const;
const ENTRIES = [
  entryOf("tdm_expired", { scopes: [...ALL], expires_at: "2025-10-23T10:00:00Z" }),
  ...ALL.map((scope) => entryOf(`tdm_${scope}`, { scopes: [scope] })),
  entryOf("tdm_elsewhere", { scopes: [...ALL], topics: ["invoices."] }),
];

/** The columns of the table, and the key that a request of each presents. */
const COLUMNS: [title: string, key: string | undefined][] = [
  ["no key", undefined],
  ["unknown key", "tdm_nobody"],
  ["expired key", "tdm_expired"],
  ["`publish`", "tdm_publish"],
  ["`read`", "tdm_read"],
  ["`admin`", "tdm_admin"],
  ["all scopes, other topics", "tdm_elsewhere"],
];

const EVENT = { topic: "orders.created", event_id: "e-1", timestamp: "2025-10-23T10:00:00Z", source: "shop" };

/** The routes with a topic in their query. Their rows use a topic that the last key does not reach. */
const WITH_TOPIC = new Set(["/events", "/events/stream", "/duplicates", "/dead-letters", "/stats", "/stats/history"]);

/** Requests for a path and a method that no server has. */
const UNKNOWN: Route[] = [
  { method: "GET", path: "/no-such-path", scope: "any" },
  { method: "PUT", path: "/publish", scope: "any" },
];

function addressOf({ method, path }: Route): string {
  const address = path
    .replace("/events/:topic/:event_id", `/events/${EVENT.topic}/${EVENT.event_id}`)
    .replace(":id", "123")
    .replace(":name", "billing")
    .replace("*", "index.html");
  if (!WITH_TOPIC.has(path)) return address;
  const id = method === "DELETE" ? `&event_id=${EVENT.event_id}` : "";
  return `${address}?topic=${EVENT.topic}${id}`;
}

function bodyOf({ method, path }: Route): { body?: string } {
  if (method === "PUT") return { body: JSON.stringify({ topic: EVENT.topic, from: "now" }) };
  if (method !== "POST") return {};
  return { body: JSON.stringify(path.endsWith("/ack") ? { cursor: "none" } : EVENT) };
}

/** The files of pages share a row with the other files of their folder. */
function folderOf({ path }: Route): string | undefined {
  return /^\/(dashboard|docs|redoc)\/./.exec(path)?.[1];
}

function rowName(route: Route): string {
  const folder = folderOf(route);
  const name =
    folder === undefined ? `${route.method} ${route.path.replaceAll(/:(\w+)/g, "{$1}")}` : `GET /${folder}/...`;
  return `\`${name}\``;
}

/** Sends a request with a key. Returns the status, and the code of a problem. */
async function answerOf({ ask }: ServersWithKeys, route: Route, key: string | undefined): Promise<string> {
  const body = bodyOf(route);
  const answer = await ask(route.method, addressOf(route), { key, ...body });
  if (answer.headers.get("content-type")?.startsWith("application/problem+json")) {
    return `${answer.status} \`${((await answer.json()) as { code: string }).code}\``;
  }
  await answer.body?.cancel();
  return folderOf(route) !== undefined && answer.status < 400 ? "file" : `${answer.status}`;
}

/** Sends a request to every route of the servers with every key. Returns the rows of the table by their names. */
async function readRows(servers: ServersWithKeys): Promise<Map<string, string[]>> {
  const rows = new Map<string, string[]>();
  const routes = [...servers.routes, ...UNKNOWN].toSorted((left, right) => (left.path < right.path ? -1 : 1));
  for (const route of routes) {
    const row = [route.scope];
    for (const [, key] of COLUMNS) row.push(await answerOf(servers, route, key));
    const name = rowName(route);
    expect(rows.get(name) ?? row, `${name} and ${route.path}`).toEqual(row);
    rows.set(name, row);
  }
  return rows;
}

function documentOf(rows: Map<string, string[]>): string {
  const head = ["request", "scope", ...COLUMNS.map(([title]) => title)];
  const cells = [...rows].map(([name, row]) => [name, ...row]);
  return `# Access

The table shows how a service with keys answers every route for every kind of key. A test sends these requests to both
deployments. It fails when an answer differs from the table, and \`npx vitest run --project unit test/access --update\`
writes the table again.

- *no key* to *expired key*: the answer to a client without a valid key. Such a client gets the same answer for a
  known path and for an unknown one.
- \`publish\`, \`read\`, \`admin\`: a key with this scope alone. A 404 means that the key was sufficient, and that the
  requested thing does not exist.
- *all scopes, other topics*: a key with all scopes for topics that begin with \`invoices.\`, and a request for the topic
  \`orders.created\`. A list, a stream or \`/stats\` without a topic shows only the topics of the key
  (\`test/access/topic-prefixes.test.ts\`); \`/audit\` covers all topics, so such a key is refused there.

\`/metrics\` is a route of single alone. In the stack it is an unknown path: each service has its metrics at its own port
([metrics.md](metrics.md)).

A row that ends in \`...\` stands for each file of that folder. \`HEAD\` is answered like \`GET\`.

${formatTable(head, cells, [...head.keys()])}
`;
}

/** The services of the stack have their metrics at separate ports, which need no key. */
function withoutMetrics(document: string): string {
  return document.replace(/^\| `GET \/metrics` .*\n/m, "");
}

describe.each(SHAPES)("access, in %s", (shape) => {
  let servers: ServersWithKeys;
  const closers: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    servers = await openServersWithKeys(shape, ENTRIES, (close) => closers.push(close));
    const published = await servers.ask("POST", "/publish", { key: "tdm_publish", body: JSON.stringify(EVENT) });
    expect(published.status).toBe(200);
  });
  afterAll(async () => {
    for (const close of closers) await close();
  });

  test("every route answers every key as docs/access.md says", async () => {
    const document = documentOf(await readRows(servers));
    if (shape === "single") await expect(document).toMatchFileSnapshot(DOCUMENT);
    else expect(document).toBe(withoutMetrics(readFileSync(new URL(DOCUMENT, import.meta.url), "utf8")));
  });

  test("a route requires the same scope for HEAD as for GET", async () => {
    const get = servers.routes.find(({ path }) => path === "/events");
    expect(get).toMatchObject({ method: "GET", scope: "read" });
    for (const [, key] of COLUMNS) {
      const [head, whole] = await Promise.all([
        servers.ask("HEAD", "/events", { key }),
        servers.ask("GET", "/events", { key }),
      ]);
      await whole.body?.cancel();
      expect(head.status).toBe(whole.status);
    }
  });
});
