import { describe, expect, test } from "vitest";
import { call, getJson, type JsonObject } from "./http-client.ts";

/** Lists the scripts, styles, images and frames that a page loads, without its links. */
function resourcesOf(html: string): string[] {
  const tags = html.match(/<(?:script|link|img|iframe|source|audio|video|embed|object)\b[^>]*>/gi) ?? [];
  return tags.flatMap((tag) => {
    const target = /\s(?:src|href|data)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i.exec(tag);
    return target === null ? [] : [target[1] ?? target[2] ?? target[3] ?? ""];
  });
}

const OUTSIDE = /^(?:https?:)?\/\//i;
const LOADS_FROM_OUTSIDE = /(?:url\(\s*|@import\s*|\bimport\s*\(?\s*|\bfrom\s*|\bfetch\(\s*)["']?(?:https?:)?\/\//i;

describe("for orchestrators", () => {
  test("/health describes the state of the service", async () => {
    const health = await getJson("/health");

    expect(health).toMatchObject({
      status: "healthy",
      consumer_running: true,
      gateway_running: true,
      queue_size: expect.any(Number),
      log_bytes: expect.any(Number),
      log_max_bytes: expect.any(Number),
    });
    expect(health.durability).toEqual({
      status: expect.stringMatching(/^(safe|unsafe|unknown)$/),
      findings: expect.any(Array),
    });
    expect(Math.abs(Date.parse(String(health.timestamp)) - Date.now())).toBeLessThan(600_000);
  });

  test.each(["/livez", "/readyz"])("%s answers 200", async (path) => {
    expect((await call(path)).status).toBe(200);
  });
});

test.each(["/livez", "/events?limit=0"])("an answer to %s names its request, as the client named it", async (path) => {
  const given = await call(path, { headers: { "x-request-id": "order-7" } });
  const foreign = await call(path, { headers: { "x-request-id": 'a "quoted" name' } });
  expect(given.headers["x-request-id"]).toBe("order-7");
  expect(foreign.headers["x-request-id"]).toMatch(/^[0-9a-f-]{32,36}$/);
});

describe("/openapi.json", () => {
  test("/openapi.json is OpenAPI 3.1 and has every path", async () => {
    const document = await getJson("/openapi.json");

    expect(document.openapi).toMatch(/^3\.1\./);
    const paths = document.paths as Record<string, JsonObject>;
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(["/publish", "/events", "/events/{topic}/{event_id}", "/duplicates", "/stats", "/health"]),
    );
    expect(paths["/publish"]).toHaveProperty("post");
    expect(paths["/events"]).toHaveProperty("get");
  });
});

describe.each(["/", "/docs", "/redoc"])("the page %s", (path) => {
  test("a page is HTML that loads nothing from other hosts", async () => {
    const page = await followRedirects(path);
    expect(page.reply.status).toBe(200);
    expect(page.reply.headers["content-type"]).toMatch(/^text\/html\b/);
    expect(page.reply.text).not.toMatch(LOADS_FROM_OUTSIDE);

    for (const resource of resourcesOf(page.reply.text)) {
      if (resource.startsWith("data:")) continue;
      expect(resource).not.toMatch(OUTSIDE);
      const target = new URL(resource, `http://service${page.path}`);
      const reply = await call(`${target.pathname}${target.search}`);
      expect({ resource, status: reply.status }).toEqual({ resource, status: 200 });
      if (/css/.test(String(reply.headers["content-type"]))) expect(reply.text).not.toMatch(LOADS_FROM_OUTSIDE);
    }
  });
});

async function followRedirects(path: string) {
  let at = path;
  for (let hop = 0; hop < 3; hop++) {
    const reply = await call(at);
    if (reply.status < 300 || reply.status >= 400) return { reply, path: at };
    at = new URL(String(reply.headers.location), `http://service${at}`).pathname;
  }
  throw new Error(`${path} redirects without end`);
}
