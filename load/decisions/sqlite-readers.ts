import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { EventPage, EventQuery } from "@tidemark/shared/event-store/event-store";
import { openReaderDatabase } from "@tidemark/shared/event-store/sqlite-database";
import { prepareQueries } from "@tidemark/shared/event-store/sqlite-queries";
import type { ReaderMethods } from "@tidemark/shared/event-store/sqlite-reader.worker";
import { SqliteWorker } from "@tidemark/shared/event-store/sqlite-worker";
import type { WriterMethods } from "@tidemark/shared/event-store/sqlite-writer.worker";
import type { BothMethods } from "./sqlite-both.worker.ts";

/**
 * Where to read from: a thread of its own, the main thread, or the writer's thread. A writer applies frames of 100 events
 * one after another, while pages of 1,000 are asked for 30 times a second, all in one process over 100,000 events.
 *
 *     node load/decisions/sqlite-readers.ts
 */

const EVENTS_A_FRAME = 100;
const EVENTS_A_PAGE = 1_000;
const PAGE_EVERY_MS = 33;
const STORED_EVENTS = 100_000;
const SECONDS = 4;
const ROUNDS = 3;

type ApplyCall = Parameters<WriterMethods["apply"]>[0];

interface Arrangement {
  apply(call: ApplyCall): Promise<unknown>;
  list(query: EventQuery): Promise<EventPage>;
  close(): Promise<void>;
}

const die = (error: Error): never => {
  throw error;
};
const eventStore = new URL("../../shared/src/event-store/", import.meta.url);
const openWriter = async (path: string) => {
  const writer = new SqliteWorker<WriterMethods>(new URL("sqlite-writer.worker.ts", eventStore), die);
  await writer.call("open", [path]);
  return writer;
};

const ARRANGEMENTS: Record<string, (path: string) => Promise<Arrangement>> = {
  "own thread": async (path) => {
    const writer = await openWriter(path);
    const reader = new SqliteWorker<ReaderMethods>(new URL("sqlite-reader.worker.ts", eventStore), die);
    await reader.call("open", [path]);
    return {
      apply: (call) => writer.call("apply", [call]),
      list: (query) => reader.call("listEvents", [query]),
      close: async () => {
        await reader.close();
        await writer.close();
      },
    };
  },
  "main thread": async (path) => {
    const writer = await openWriter(path);
    const database = openReaderDatabase(path);
    const queries = prepareQueries(database);
    return {
      apply: (call) => writer.call("apply", [call]),
      list: async (query) => queries.listEvents(query),
      close: async () => {
        database.close();
        await writer.close();
      },
    };
  },
  "writer's thread": async (path) => {
    const both = new SqliteWorker<BothMethods>(new URL("./sqlite-both.worker.ts", import.meta.url), die);
    await both.call("open", [path]);
    return {
      apply: (call) => both.call("apply", [call]),
      list: (query) => both.call("listEvents", [query]),
      close: () => both.close(),
    };
  },
};

function makeCall(events: number): ApplyCall {
  const rows = Array.from({ length: events }, () => ({
    topic: `user.login.${Math.floor(Math.random() * 5)}`,
    event_id: randomUUID(),
    timestamp: new Date().toISOString(),
    source: "auth-service",
    payload: { user_id: randomUUID(), amount: Math.random() * 1_000, tags: ["a", "b"], note: "of ordinary length" },
  }));
  const bytes = Buffer.from(JSON.stringify(rows));
  const frame = { id: randomUUID(), incarnation: "load", sequence: 1, receivedAtMs: Date.now(), events };
  return { frames: [{ ...frame, start: 0, end: bytes.length }], bytes: new Uint8Array(bytes), maxNamed: 0 };
}

async function timed(run: () => Promise<unknown>, durations: number[]): Promise<void> {
  const startedAt = performance.now();
  await run();
  durations.push(performance.now() - startedAt);
}

interface Measured {
  applies: number[];
  pages: number[];
  /** How long the main thread, which serves HTTP, was kept from turning: 99th percentile. */
  heldMs: number;
}

async function measure(open: (path: string) => Promise<Arrangement>): Promise<Measured> {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-load-"));
  const store = await open(join(directory, "tidemark.db"));
  for (let stored = 0; stored < STORED_EVENTS; stored += 1_000) await store.apply(makeCall(1_000));

  const applies: number[] = [];
  const pages: number[] = [];
  const held = monitorEventLoopDelay({ resolution: 1 });
  held.enable();
  const endsAt = performance.now() + SECONDS * 1_000;
  const write = async () => {
    while (performance.now() < endsAt) {
      const call = makeCall(EVENTS_A_FRAME);
      await timed(() => store.apply(call), applies);
    }
  };
  const read = async () => {
    const underWay: Promise<void>[] = [];
    while (performance.now() < endsAt) {
      const after = String(1 + Math.floor(Math.random() * (STORED_EVENTS - EVENTS_A_PAGE)));
      underWay.push(timed(() => store.list({ order: "asc", limit: EVENTS_A_PAGE, after }), pages));
      await delay(PAGE_EVERY_MS);
    }
    await Promise.all(underWay);
  };
  await Promise.all([write(), read()]);
  held.disable();
  await store.close();
  rmSync(directory, { recursive: true });
  return { applies, pages, heldMs: held.percentile(99) / 1e6 };
}

const percentile = (values: number[], share: number) =>
  values.toSorted((left, right) => left - right)[Math.floor(values.length * share)]?.toFixed(1);

const measured = new Map(Object.keys(ARRANGEMENTS).map((name) => [name, [] as Measured[]]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, open] of Object.entries(ARRANGEMENTS)) measured.get(name)?.push(await measure(open));
}
for (const [name, rounds] of measured) {
  const applies = rounds.flatMap((round) => round.applies);
  const pages = rounds.flatMap((round) => round.pages);
  const held = rounds.map((round) => round.heldMs);
  console.log(
    `${name.padEnd(16)} apply p50 ${percentile(applies, 0.5)} ms, p99 ${percentile(applies, 0.99)} ms, ` +
      `${Math.round(applies.length / SECONDS / ROUNDS)}/s | page p50 ${percentile(pages, 0.5)} ms, ` +
      `p99 ${percentile(pages, 0.99)} ms | main thread held p99 ${percentile(held, 0.5)} ms`,
  );
}
