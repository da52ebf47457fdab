import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { SubscribeError, TidemarkClient } from "../tidemark-client.ts";
import { type AnswerFate, startFakeSubscriptions } from "./fake-subscriptions.ts";

vi.setConfig({ testTimeout: 60_000 });

const COUNT = 20;
const ALL = Array.from({ length: COUNT }, (_, number) => String(number));

async function open() {
  const service = await startFakeSubscriptions(COUNT);
  onTestFinished(() => service.close());
  return { ...service, client: new TidemarkClient({ url: service.url, firstDelayMs: 1, longestDelayMs: 1 }) };
}

/** The lives of workers. Each ends after a number of events, or of batches, and reads pages of a size of its own. */
const LIVES = fc.array(fc.record({ events: fc.nat({ max: 7 }), limit: fc.integer({ min: 1, max: 4 }) }), {
  maxLength: 6,
});
const FATES = fc.array(fc.constantFrom<AnswerFate>("arrives", "is lost", "is refused"), { maxLength: 30 });

/** Runs workers that die one after the other, and one that reads to the end. */
function livesOf(lives: { events: number; limit: number }[]) {
  return [...lives, { events: Number.POSITIVE_INFINITY, limit: 3 }];
}

test("each event reaches the body, in order, whatever is killed and whatever answer is lost", async () => {
  await fc.assert(
    fc.asyncProperty(LIVES, FATES, async (lives, fates) => {
      const { client, fates: next, close } = await open();
      next.push(...fates);
      const done: string[] = [];
      for (const { events, limit } of livesOf(lives)) {
        let left = events;
        for await (const { event_id } of client.subscribe("billing", { limit })) {
          if (left-- === 0) break; // the worker is killed with this event in its hands
          done.push(event_id);
          if (event_id === ALL.at(-1)) break;
        }
      }
      await close();
      const firsts = [...new Set(done)];
      expect(firsts).toEqual(ALL);
    }),
    { numRuns: 40 },
  );
});

test("a worker that keeps the cursor with its work processes each event once", async () => {
  await fc.assert(
    fc.asyncProperty(LIVES, FATES, fc.boolean(), async (lives, fates, isKilledBeforeCommit) => {
      const { client, fates: next, close } = await open();
      next.push(...fates);
      let kept: { cursor?: string; done: string[] } = { done: [] }; // one transaction replaces both
      for (const { events, limit } of livesOf(lives)) {
        let left = events;
        const { cursor } = kept;
        for await (const batch of client.subscribe("billing", { limit, cursor }).batches()) {
          if (left-- <= 0 && isKilledBeforeCommit) break;
          kept = { cursor: batch.cursor, done: [...kept.done, ...batch.events.map(({ event_id }) => event_id)] };
          if (left < 0 || kept.done.length === COUNT) break; // killed between the commit and the acknowledgement
        }
        if (kept.done.length === COUNT) break;
      }
      await close();
      expect(kept.done).toEqual(ALL);
    }),
    { numRuns: 40 },
  );
});

test("a worker that was idle starts again with the cursor that it kept", async () => {
  const { client, countIdleAcks } = await open();
  const endWhenIdle = () => {
    const ending = new AbortController();
    const before = countIdleAcks();
    void vi.waitFor(() => expect(countIdleAcks()).toBeGreaterThan(before), 30_000).then(() => ending.abort());
    return ending.signal;
  };
  let cursor: string | undefined;
  for await (const batch of client.subscribe("billing", { limit: COUNT, signal: endWhenIdle() }).batches()) {
    cursor = batch.cursor;
  }
  const again = client.subscribe("billing", { cursor, signal: endWhenIdle() }).batches();
  expect(await again.next()).toEqual({ done: true, value: undefined });
});

test("a worker whose page another worker has acknowledged is told", async () => {
  const { client } = await open();
  const batches = () => client.subscribe("billing", { limit: 5 }).batches();
  const [first, second] = [batches(), batches()];
  await first.next();
  await second.next();

  expect(await first.next()).toMatchObject({ value: { events: [{ event_id: "5" }, {}, {}, {}, {}] } });
  const refused = await second.next().then(undefined, (error: unknown) => error);

  expect(refused).toBeInstanceOf(SubscribeError);
  expect(refused).toMatchObject({ status: 409, code: "subscription_moved" });
});

test("a name that a URL cannot hold is refused before anything is sent", () => {
  const client = new TidemarkClient({ url: "http://tidemark.test" });
  for (const name of [".", ".."])
    expect(() => client.subscribe(name)).toThrow(`a subscription must not be named ${name}`);
  for (const name of ["...", ".a"]) expect(() => client.subscribe(name)).not.toThrow();
});

test("a signal ends the subscription, and what was not acknowledged comes again", async () => {
  const { client } = await open();
  const ending = new AbortController();
  const seen: string[] = [];
  for await (const { event_id } of client.subscribe("billing", { limit: 2, signal: ending.signal })) {
    seen.push(event_id);
    if (event_id === "3") ending.abort();
  }
  expect(seen).toEqual(["0", "1", "2", "3"]);
  const { value } = await client.subscribe("billing").batches().next();
  expect(value?.events[0]).toEqual({ event_id: "2" });
});
