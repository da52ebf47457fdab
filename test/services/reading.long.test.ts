import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventText, uniqueName } from "@tidemark/event-store/contract/frames";
import {
  followStream,
  readExports,
  readPages,
  type Seen,
  writeBatches,
} from "@tidemark/test-support/clients/event-readers";
import { startOwnBroker, startOwnService } from "@tidemark/test-support/processes/own-services";
import { startOwnPostgres } from "@tidemark/test-support/processes/postgres-server";
import type { ServiceProcess } from "@tidemark/test-support/processes/service-process";
import { waitFor } from "@tidemark/test-support/wait-for";
import { describe, expect, onTestFinished, test } from "vitest";

const EVENTS = 20_000;
const WRITERS = 4;
const BATCH = 20;
const LAST = "last";
const WAIT_MS = 120_000;
const TIMEOUT_MS = 240_000;

/** All processes of a deployment. */
interface Processes {
  /** Ends all of them, including broker and database. */
  end(): Promise<void>;
  /** Starts all of them again, with other URLs. */
  start(): Promise<void>;
  publishUrl(): string;
  readUrl(): string;
}

async function openSingle(): Promise<Processes> {
  const directory = await mkdtemp(join(tmpdir(), "tidemark-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const start = () => startOwnService("single", { DATABASE_PATH: join(directory, "tidemark.db") });
  let service = await start();
  return {
    end: async () => void (await service.end("SIGKILL")),
    start: async () => {
      service = await start();
    },
    publishUrl: () => service.url,
    readUrl: () => service.url,
  };
}

/** Starts two query services, which get the requests alternately. */
async function openStack(): Promise<Processes> {
  const [broker, database] = await Promise.all([startOwnBroker(), startOwnPostgres()]);
  const environment = { NATS_URL: broker.url, DATABASE_URL: database.url };
  const names = ["consumer", "consumer", "gateway", "query", "query"];
  const start = () => Promise.all(names.map((name) => startOwnService(name, environment)));
  let services = await start();
  let asked = 0;
  return {
    async end() {
      await Promise.all(services.map((service) => service.end(signalFor(service))));
      await Promise.all([broker.kill(), database.stop()]);
    },
    async start() {
      await Promise.all([broker.restart(), database.restart()]);
      services = await start();
    },
    publishUrl: () => String(services[2]?.url),
    readUrl: () => String(services[3 + (asked++ % 2)]?.url),
  };
}

/**
 * Returns the signal that ends a service. A consumer is not killed, because its frames would be redelivered only after
 * 20 s.
 */
function signalFor({ name }: ServiceProcess): NodeJS.Signals {
  return name === "consumer" ? "SIGTERM" : "SIGKILL";
}

/** Returns the request bodies of one writer. */
function createBatches(ids: string[], topic: string): string[] {
  const texts = ids.map((id) => eventText({ topic, id }));
  const starts = Array.from({ length: Math.ceil(texts.length / BATCH) }, (_, index) => index * BATCH);
  return starts.map((start) => `[${texts.slice(start, start + BATCH).join(",")}]`);
}

/** Compares the events that a reader saw with the events that were written. */
function compare(seen: Seen, written: string[]) {
  const distinct = new Set(seen);
  return {
    read: seen.length,
    missing: written.filter((id) => !distinct.has(id)),
    repeated: seen.length - distinct.size,
  };
}

async function countStored(processes: Processes, topic: string): Promise<number> {
  const answer = await fetch(`${processes.readUrl()}/stats?topic=${topic}`);
  const { by_topic } = (await answer.json()) as { by_topic: { unique_processed: number }[] };
  return by_topic[0]?.unique_processed ?? 0;
}

describe("readers during a restart", () => {
  test.each([
    ["single", openSingle],
    ["stack", openStack],
  ])(
    "pages, exports and a stream of %s each see 20,000 events once while four writers publish and every process restarts",
    { timeout: TIMEOUT_MS },
    async (_name, open) => {
      const processes = await open();
      const topic = uniqueName("reading");
      const opened = Promise.withResolvers<void>();
      const reading = { url: processes.readUrl, topic, lastEventId: LAST, timeoutMs: WAIT_MS };
      const seen: Seen[] = [[], [], []];
      const [ofPages, ofExports, ofStream] = seen as [Seen, Seen, Seen];
      const readers = Promise.all([
        readPages(reading, ofPages),
        readExports(reading, ofExports),
        followStream({ ...reading, opened: opened.resolve }, ofStream),
      ]);
      readers.catch(() => undefined); // reported where the promise is awaited
      await opened.promise; // from now on the stream has an id to continue from

      const idsOfWriters = Array.from({ length: WRITERS }, (_, writer) =>
        Array.from({ length: EVENTS / WRITERS }, (_, index) => `${writer}-${index}`),
      );
      // The writers keep a third of their events until the readers have read as much, so that they write during the restart.
      const isRead = Promise.withResolvers<void>();
      const write = async (ids: string[]) => {
        const batches = createBatches(ids, topic);
        const kept = batches.splice(-Math.ceil(batches.length / 3));
        await writeBatches(processes.publishUrl, batches, WAIT_MS);
        await isRead.promise;
        await writeBatches(processes.publishUrl, kept, WAIT_MS);
      };
      const writers = Promise.all(idsOfWriters.map(write));
      let areWriting = true;
      writers.then(
        () => {
          areWriting = false;
        },
        () => undefined,
      );
      const isInTheMiddle = () => seen.every((ids) => ids.length > 0) && ofStream.length > EVENTS / 3;
      await waitFor("every reader to have events", isInTheMiddle, { timeoutMs: WAIT_MS, intervalMs: 5 });
      isRead.resolve();
      await processes.end();
      expect(areWriting).toBe(true);
      await processes.start();

      await writers;
      await waitFor("all events to be stored", async () => (await countStored(processes, topic)) === EVENTS, {
        timeoutMs: WAIT_MS,
      });
      await writeBatches(processes.publishUrl, createBatches([LAST], topic), WAIT_MS);
      await readers;

      const once = { read: EVENTS + 1, missing: [], repeated: 0 };
      for (const ids of seen) expect(compare(ids, [...idsOfWriters.flat(), LAST])).toEqual(once);
    },
  );
});
