import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventText, uniqueName } from "./support/frames.ts";
import { createOwnDatabase, startOwn, startOwnBroker } from "./support/own-services.ts";
import { followStream, walkExports, walkPages, writeBatches } from "./support/readers.ts";
import type { ServiceProcess } from "./support/service-process.ts";
import { waitFor } from "./support/wait-for.ts";

/** More by `READING_EVENTS=20000 npx vitest run --project integration test/reading.test.ts`. */
const EVENTS = Number(process.env.READING_EVENTS || 4_000);
const WRITERS = 4;
const BATCH = 20;
const TIMEOUT_MS = 60_000 + EVENTS * 10;

/** All services of a shape, to be killed and started again; each time at other addresses. */
interface Services {
  start(): Promise<ServiceProcess[]>;
  publishUrl(): string;
  readUrl(): string;
}

async function openSingle(): Promise<Services> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  let url = "";
  return {
    async start() {
      const service = await startOwn("single", { DATABASE_PATH: join(directory, "tidemark.db") });
      url = service.url;
      return [service];
    },
    publishUrl: () => url,
    readUrl: () => url,
  };
}

/** Two queries: readers go from one replica to the other with each request. */
async function openStack(): Promise<Services> {
  const [broker, database] = await Promise.all([startOwnBroker(), createOwnDatabase()]);
  const environment = { NATS_URL: broker.url, DATABASE_URL: database.url };
  let publishUrl = "";
  let readUrls: string[] = [];
  let asked = 0;
  return {
    async start() {
      const names = ["consumer", "consumer", "gateway", "query", "query"];
      const services = await Promise.all(names.map((name) => startOwn(name, environment)));
      publishUrl = String(services[2]?.url);
      readUrls = services.slice(3).map(({ url }) => url);
      return services;
    },
    publishUrl: () => publishUrl,
    readUrl: () => String(readUrls[asked++ % readUrls.length]),
  };
}

/** A consumer that is killed keeps its frames for another 20 s, which other tests wait for. */
function endOf({ name }: ServiceProcess): NodeJS.Signals {
  return name === "consumer" ? "SIGTERM" : "SIGKILL";
}

/** The batches of one writer. */
function batchesOf(writer: number, topic: string): string[] {
  const ids = Array.from({ length: EVENTS / WRITERS }, (_, index) => `${writer}-${index}`);
  const texts = ids.map((id) => eventText({ topic, id }));
  return Array.from(
    { length: Math.ceil(texts.length / BATCH) },
    (_, at) => `[${texts.slice(at * BATCH, (at + 1) * BATCH).join(",")}]`,
  );
}

describe("a walk, exports and a stream see every event once, while four write and all services are killed:", () => {
  test.each([
    ["single", openSingle],
    ["stack", openStack],
  ])("%s", { timeout: TIMEOUT_MS }, async (_shape, open) => {
    const shape = await open();
    const services = await shape.start();
    const topic = uniqueName("reading");
    const signal = AbortSignal.timeout(TIMEOUT_MS - 5_000);
    const reading = { url: shape.readUrl, topic, total: EVENTS, signal };
    const opened = Promise.withResolvers<void>();
    const readers = Promise.all([
      walkPages(reading),
      walkExports(reading),
      followStream({ ...reading, opened: opened.resolve }),
    ]);
    readers.catch(() => undefined); // told where it is waited for
    await opened.promise; // from here on the stream has an id to come back with

    const batches = Array.from({ length: WRITERS }, (_, writer) => batchesOf(writer, topic));
    const half = Math.ceil(EVENTS / WRITERS / BATCH / 2);
    await Promise.all(batches.map((own) => writeBatches(shape.publishUrl, own.slice(0, half), signal)));
    const rest = batches.map((own) => writeBatches(shape.publishUrl, own.slice(half), signal));
    await waitFor("some events to be read", async () => {
      const page = await fetch(`${shape.readUrl()}/events?topic=${topic}&limit=1`);
      return ((await page.json()) as { count: number }).count > 0;
    });
    await Promise.all(services.map((service) => service.end(endOf(service))));
    await shape.start();

    const seen = await readers;
    await Promise.all(rest);
    const sent = batches.flatMap((own) => own.flatMap((body) => JSON.parse(body) as { event_id: string }[]));
    const expected = sent.map(({ event_id }) => event_id).toSorted();
    for (const ids of seen) expect(ids.toSorted()).toEqual(expected);
  });
});
