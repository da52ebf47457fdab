//   single with an empty file ◀── traffic of some seconds ── this program ──▶ Chromium ──▶ docs/images/dashboard-*.png
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findFreePort } from "@tidemark/programs/free-port";
import { findChromium } from "@tidemark/test-support/browser/chromium";
import { launchService, waitUntilReady } from "@tidemark/test-support/processes/service-process";
import { type BrowserContextOptions, chromium } from "playwright-core";

const IMAGES = fileURLToPath(new URL("../docs/images/", import.meta.url));
/** The plot of five minutes needs some of them. */
const TRAFFIC_MS = Number(process.env.TRAFFIC_SECONDS ?? 150) * 1_000;
const PAUSE_MS = 100;
const TOPICS = ["page.viewed", "order.created", "payment.settled", "sensor.reading", "user.login"];
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

/** The pictures of README. Each has the address of its view, and what must be there before it is taken. */
const PICTURES: { name: string; view: string; sign: string; screen: BrowserContextOptions }[] = [
  { name: "light", view: "books", sign: "#busiest tbody tr", screen: { viewport: DESK } },
  { name: "dark", view: "live", sign: "#live-events li", screen: { viewport: DESK, colorScheme: "dark" } },
  { name: "conflict", view: "conflicts", sign: ".conflict .differs", screen: { viewport: DESK } },
  { name: "phone", view: "books", sign: "#busiest tbody tr", screen: { viewport: PHONE } },
];

const directory = await mkdtemp(join(tmpdir(), "tidemark-screenshots-"));
const port = await findFreePort();
const service = await launchService("single", {
  DATABASE_PATH: join(directory, "tidemark.db"),
  HOST: "127.0.0.1",
  PORT: String(port),
});
const browser = await chromium.launch({ executablePath: findChromium() ?? "chromium", args: ["--no-sandbox"] });
try {
  await waitUntilReady(service);
  const stop = new AbortController();
  const traffic = publishUntil(stop.signal);
  await delay(TRAFFIC_MS);
  await publishConflict();
  for (const picture of PICTURES) await take(picture);
  stop.abort();
  await traffic;
} finally {
  await browser.close();
  await service.end("SIGTERM");
  await rm(directory, { recursive: true });
}

async function take({ name, view, sign, screen }: (typeof PICTURES)[number]): Promise<void> {
  const context = await browser.newContext(screen);
  const page = await context.newPage();
  await page.goto(`${service.url}/#/${view}`);
  await page.locator(sign).first().waitFor();
  await page.locator("#plot-empty").waitFor({ state: "hidden" });
  await delay(6_000); // the present rates need three answers of /stats
  await page.screenshot({ path: `${IMAGES}dashboard-${name}.png` });
  await context.close();
}

/** Publishes events with a quarter of duplicates, now more and now fewer, until the signal. */
async function publishUntil(signal: AbortSignal): Promise<void> {
  let before: object[] = [];
  for (let round = 0; !signal.aborted; round++) {
    const size = Math.round(6 + 5 * Math.sin(round / 60));
    const events = Array.from({ length: size }, (_, index) => makeEvent(TOPICS[(round * 3 + index) % TOPICS.length]));
    await publish([...events, ...before.slice(0, Math.ceil(size / 3))]);
    before = events;
    await delay(PAUSE_MS);
  }
}

async function publishConflict(): Promise<void> {
  const order = {
    ...makeEvent("order.created"),
    event_id: "order-4711",
    payload: { total: 149.9, currency: "EUR", items: 3 },
  };
  await publish([order, { ...order, payload: { ...order.payload, total: 194.9 } }]);
}

function makeEvent(topic = "user.login") {
  const source = `${topic.split(".")[0]}-service`;
  return { topic, event_id: randomUUID(), timestamp: new Date().toISOString(), source, payload: { user: 4711 } };
}

async function publish(events: object[]): Promise<void> {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${service.url}/publish`, { method: "POST", headers, body: JSON.stringify(events) });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
}
