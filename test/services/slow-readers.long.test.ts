import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { openSingle, openStack } from "@tidemark/test-support/processes/deployments";
import { waitFor } from "@tidemark/test-support/wait-for";
import { describe, expect, onTestFinished, test } from "vitest";

// The loopback network has many addresses, so one machine can be two clients.
const SLOW = "127.0.0.2";
const OTHER = "127.0.0.1";
const LIST = "/events?topic=large&limit=1000";
const LINES = { accept: "application/x-ndjson" };
const EVENTS = 250; // events of 40 KB: more than a page, and more than the buffers of a connection

async function ask(url: string, from: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const sent = get(url, { localAddress: from, headers, agent: false });
  onTestFinished(() => void sent.destroy());
  const [response] = await once(sent, "response");
  return response.on("error", () => undefined);
}

/** Sends a request over a new connection, and reads nothing. */
async function askAndNotRead(url: string, from: string, headers: string[] = []): Promise<void> {
  const { hostname, port, host, pathname, search } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), localAddress: from }).on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  socket.write([`GET ${pathname}${search} HTTP/1.1`, `Host: ${host}`, ...headers, "", ""].join("\r\n"));
}

async function publishLargeEvents(publishUrl: string, readUrl: string): Promise<void> {
  const event = {
    topic: "large",
    timestamp: "2025-10-23T10:00:00Z",
    source: "s",
    payload: { text: "x".repeat(40_000) },
  };
  for (let first = 0; first < EVENTS; first += 50) {
    const events = Array.from({ length: 50 }, (_, index) => ({ ...event, event_id: `${first + index}` }));
    const headers = { "content-type": "application/json", prefer: "wait=30" };
    const answer = await fetch(`${publishUrl}/publish`, { method: "POST", headers, body: JSON.stringify(events) });
    expect(answer.status).toBe(200);
  }
  expect(await (await fetch(`${readUrl}/stats`)).json()).toMatchObject({ unique_processed: EVENTS });
}

describe.each([
  ["single", openSingle],
  ["the stack", openStack],
])("a client of %s that reads nothing", (_shape, open) => {
  test("a client that reads nothing is refused, and another client is answered", async () => {
    const { publishUrl, readUrl } = await open();
    await publishLargeEvents(publishUrl, readUrl);
    const statusOf = async (path: string, from: string, headers = {}) =>
      (await ask(`${readUrl}${path}`, from, headers)).resume().statusCode;

    for (let reader = 0; reader < 12; reader++) await askAndNotRead(`${readUrl}${LIST}`, SLOW);
    for (let reader = 0; reader < 8; reader++) {
      await askAndNotRead(`${readUrl}/events?topic=large`, SLOW, ["Accept: application/x-ndjson"]);
    }
    await waitFor("a refused list", async () => (await statusOf(LIST, SLOW)) === 429);
    await waitFor("a refused export", async () => (await statusOf(LIST, SLOW, LINES)) === 429);

    const refused = await ask(`${readUrl}${LIST}`, SLOW);
    expect(refused.headers["retry-after"]).toMatch(/^\d+$/);
    expect(JSON.parse(await text(refused))).toMatchObject({ status: 429, code: "too_many_lists" });
    for (let turn = 0; turn < 3; turn++) {
      expect(JSON.parse(await text(await ask(`${readUrl}${LIST}`, OTHER))).count).toBeGreaterThan(100);
      expect(await statusOf("/duplicates", OTHER)).toBe(200);
      expect(await statusOf("/events/large/0", OTHER)).toBe(200);
    }
    const lines = (await text(await ask(`${readUrl}/events?topic=large`, OTHER, LINES))).trimEnd().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ complete: true, count: EVENTS });
    expect((await ask(`${readUrl}/events/stream`, OTHER)).statusCode).toBe(200);
  });
});
