import { eventText, uniqueName } from "@tidemark/event-store/contract/frames";
import {
  followStream,
  readExports,
  readPages,
  type Seen,
  writeBatches,
} from "@tidemark/test-support/clients/event-readers";
import { waitFor } from "@tidemark/test-support/wait-for";
import { describe, expect, test } from "vitest";
import { openWholeSingle, openWholeStack, type WholeDeployment } from "./whole-deployment.ts";

const EVENTS = 20_000;
const WRITERS = 4;
const BATCH = 20;
const LAST = "last";
const WAIT_MS = 120_000;
const TIMEOUT_MS = 240_000;

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

async function countStored(processes: WholeDeployment, topic: string): Promise<number> {
  const answer = await fetch(`${processes.readUrls[0]}/stats?topic=${topic}`);
  const { by_topic } = (await answer.json()) as { by_topic: { unique_processed: number }[] };
  return by_topic[0]?.unique_processed ?? 0;
}

describe("readers during a restart", () => {
  test.each([
    ["single", openWholeSingle],
    ["stack", openWholeStack],
  ])(
    "pages, exports and a stream of %s each see 20,000 events once while four writers publish and every process restarts",
    { timeout: TIMEOUT_MS },
    async (_name, open) => {
      const processes = await open();
      const topic = uniqueName("reading");
      const opened = Promise.withResolvers<void>();
      let asked = 0;
      const nextUrl = () => String(processes.readUrls[asked++ % processes.readUrls.length]);
      const reading = { url: nextUrl, topic, lastEventId: LAST, timeoutMs: WAIT_MS };
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
        await writeBatches(() => processes.publishUrl, batches, WAIT_MS);
        await isRead.promise;
        await writeBatches(() => processes.publishUrl, kept, WAIT_MS);
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
      await writeBatches(() => processes.publishUrl, createBatches([LAST], topic), WAIT_MS);
      await readers;

      const once = { read: EVENTS + 1, missing: [], repeated: 0 };
      for (const ids of seen) expect(compare(ids, [...idsOfWriters.flat(), LAST])).toEqual(once);
    },
  );
});
