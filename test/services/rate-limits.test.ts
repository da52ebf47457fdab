import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { openSingle, openStack } from "@tidemark/test-support/processes/deployments";
import { describe, expect, onTestFinished, test } from "vitest";

// The loopback network has many addresses, so one machine can be several clients.
const FIRST = "127.0.0.2";
const OTHER = "127.0.0.3";

interface Answer {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

async function publishFrom(address: string, url: string, ids: string[], headers = {}): Promise<Answer> {
  const event = { topic: "limited", timestamp: "2025-10-23T10:00:00Z", source: "s" };
  const sent = request(`${url}/publish`, {
    method: "POST",
    localAddress: address,
    headers: { "content-type": "application/json", prefer: "wait=30", ...headers },
    agent: false,
  }).end(JSON.stringify(ids.map((event_id) => ({ ...event, event_id }))));
  onTestFinished(() => void sent.destroy());
  const [response] = await once(sent, "response");
  return { status: response.statusCode, headers: response.headers, body: JSON.parse(await text(response)) };
}

const hundred = Array.from({ length: 100 }, (_, index) => `${index}`);

describe.each([
  ["single", openSingle],
  ["the stack", openStack],
])("%s with a limit of one event a second", (_shape, open) => {
  test("a request over the limit of its client is refused as a whole, and another client is accepted", async () => {
    const { publishUrl, readUrl } = await open({ RATE_LIMIT_EVENTS_PER_SECOND: "1" });

    const large = await publishFrom(FIRST, publishUrl, hundred); // ten times what a client may send at once
    expect(large).toMatchObject({ status: 200, body: { accepted: 100 } });
    expect(large.headers["ratelimit-policy"]).toBe('"events";q=10;qu="events";w=10');

    const refused = await publishFrom(FIRST, publishUrl, ["later"]);
    expect(refused).toMatchObject({ status: 429, body: { status: 429, code: "rate_limited" } });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(30);
    expect(refused.headers.ratelimit).toMatch(/^"events";r=0;t=\d+$/);

    expect(await publishFrom(OTHER, publishUrl, ["other"])).toMatchObject({ status: 200, body: { accepted: 1 } });
    expect(await (await fetch(`${readUrl}/stats`)).json()).toMatchObject({ received: 101, unique_processed: 101 });
  });

  test("the limits of a key replace those of the settings, and follow the key to every address", async () => {
    const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const keysFile = join(directory, "keys.json");
    const key = {
      name: "shop",
      sha256: createHash("sha256").update("a key of the shop").digest("hex"),
      scopes: ["publish"],
    };
    await writeFile(keysFile, JSON.stringify([{ ...key, limits: { events_per_second: 2 } }]));
    const settings = { RATE_LIMIT_EVENTS_PER_SECOND: "1", API_KEYS_FILE: keysFile };
    const { publishUrl } = await open(settings);
    const from = (address: string, ids: string[]) =>
      publishFrom(address, publishUrl, ids, { authorization: "Bearer a key of the shop" });

    const first = await from(FIRST, hundred);
    expect(first).toMatchObject({ status: 200, body: { accepted: 100 } });
    expect(first.headers["ratelimit-policy"]).toBe('"events";q=20;qu="events";w=10');
    expect((await from(OTHER, ["later"])).status).toBe(429);
  });

  test("only a trusted proxy can name the client", async () => {
    const settings = { RATE_LIMIT_EVENTS_PER_SECOND: "1", TRUSTED_PROXIES: FIRST };
    const { publishUrl } = await open(settings);
    const from = (address: string, ids: string[], client: string) =>
      publishFrom(address, publishUrl, ids, { "x-forwarded-for": client });

    expect((await from(FIRST, hundred, "203.0.113.1")).status).toBe(200);
    expect((await from(FIRST, ["a"], "203.0.113.1")).status).toBe(429);
    expect((await from(FIRST, ["a"], "203.0.113.2")).status).toBe(200);
    expect((await from(OTHER, hundred, "203.0.113.3")).status).toBe(200);
    expect((await from(OTHER, ["b"], "203.0.113.4")).status).toBe(429);
  });
});
