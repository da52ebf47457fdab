import { TidemarkClient } from "@tidemark/client";
import { uniqueName } from "@tidemark/event-store/contract/frames";
import { writeBatches } from "@tidemark/test-support/clients/event-readers";
import { createOwnDatabase } from "@tidemark/test-support/processes/own-services";
import { waitFor } from "@tidemark/test-support/wait-for";
import { describe, expect, onTestFinished, test } from "vitest";
import { openWholeSingle, openWholeStack } from "../whole-deployment.ts";
import { type KilledSubscriber, startKilledSubscriber } from "./killed-subscriber.ts";
import { createWriters, EVENTS } from "./writers.ts";

const WAIT_MS = 400_000;
const TIMEOUT_MS = 600_000;
/** How far the slow subscriber stays behind the one that it follows. */
const BEHIND = 10_000;

const AT_LEAST_ONCE = new URL("./at-least-once.ts", import.meta.url);
const EXACTLY_ONCE = new URL("../../../clients/typescript/examples/exactly-once.ts", import.meta.url);

/** Starts a subscriber in a process of its own, with a database of its own. */
async function startProcess(program: URL, environment: Record<string, string>): Promise<KilledSubscriber> {
  const { url: databaseUrl } = await createOwnDatabase();
  return startKilledSubscriber({ program, environment, databaseUrl, events: EVENTS, timeoutMs: WAIT_MS });
}

/** Follows a subscription in this process. Before each page it waits until another subscriber is far ahead. */
async function followSlowly(url: string, topic: string, other: KilledSubscriber, ids: string[]): Promise<void> {
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const tidemark = new TidemarkClient({ url, longestDelayMs: 500 });
  for await (const { events } of tidemark
    .subscribe("slow", { topic, limit: 1_000, signal: leaving.signal })
    .batches()) {
    const isFarAhead = async () => (await other.count()) >= Math.min(ids.length + BEHIND, EVENTS);
    await waitFor("the other subscriber to be far ahead", isFarAhead, { timeoutMs: WAIT_MS, intervalMs: 50 });
    ids.push(...events.map(({ event_id }) => event_id));
    if (new Set(ids).size === EVENTS) return;
  }
}

describe("subscribers during a restart", () => {
  test.each([
    ["single", openWholeSingle],
    ["stack", openWholeStack],
  ])(
    "100,000 events of four writers reach three subscribers of %s while every process restarts: none is skipped, and with the cursor in the subscriber's own transaction none comes twice",
    { timeout: TIMEOUT_MS },
    async (name, open) => {
      const began = performance.now();
      const deployment = await open();
      const topic = uniqueName("subscribed");
      const [first = "", other = first] = deployment.readUrls;
      const environment = (TIDEMARK_URL: string, SUBSCRIPTION: string) => ({
        TIDEMARK_URL,
        SUBSCRIPTION,
        TOPIC: topic,
      });
      const killed = await startProcess(AT_LEAST_ONCE, environment(first, "killed"));
      const exact = await startProcess(EXACTLY_ONCE, environment(other, "exact"));
      const slowIds: string[] = [];
      const slow = followSlowly(other, topic, exact, slowIds);
      const all = Promise.all([killed.done, exact.done, slow]);
      all.catch(() => undefined); // reported where the promise is awaited

      // The writers keep a third of their batches until the subscribers have read, so that they write during the restart.
      const areReading = Promise.withResolvers<void>();
      const write = async (batches: string[]) => {
        const kept = batches.splice(-Math.ceil(batches.length / 3));
        await writeBatches(() => deployment.publishUrl, batches, WAIT_MS);
        await areReading.promise;
        await writeBatches(() => deployment.publishUrl, kept, WAIT_MS);
      };
      const writers = Promise.all(createWriters(topic).map(write));
      writers.catch(() => undefined);
      const haveAllRead = async () => slowIds.length > BEHIND && (await killed.count()) > EVENTS / 3;
      await waitFor("every subscriber to be in the middle", haveAllRead, { timeoutMs: WAIT_MS });
      areReading.resolve();
      await deployment.end();
      expect(slowIds.length).toBeLessThan(EVENTS);
      await deployment.start();

      await writers;
      const [kills, killsOfExact] = await all;

      const [killedIds, exactIds] = [await killed.readIds(), await exact.readIds()];
      const once = exactIds.join();
      expect({ events: exactIds.length, distinct: new Set(exactIds).size }).toEqual({
        events: EVENTS,
        distinct: EVENTS,
      });
      // The others may read an event twice. Apart from that, all three have the same events in the order of the commits.
      expect([...new Set(killedIds)].join() === once, "the killed one has the same events in the same order").toBe(
        true,
      );
      expect([...new Set(slowIds)].join() === once, "the slow one has the same events in the same order").toBe(true);
      expect(kills).toBeGreaterThan(5);
      expect(killsOfExact).toBeGreaterThan(5);
      const repeated = { killed: killedIds.length - EVENTS, slow: slowIds.length - EVENTS, exact: 0 };
      console.info({ name, seconds: Math.round((performance.now() - began) / 1_000), kills, killsOfExact, repeated });
    },
  );
});
