import { randomUUID } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApplyCall, prepareApply } from "@tidemark/shared/event-store/sqlite-applier";
import { openWriterDatabase } from "@tidemark/shared/event-store/sqlite-database";
import { EventNumbers, eventOffset, makeBody, writeEvent } from "../loader/sample-events.ts";

/**
 * What the size of the page cache, and how long the write-ahead log grows before a checkpoint, do to transactions of 1, 18
 * and 2,000 events, a quarter of them copies, on a file that holds events already. In this thread, one after the other.
 *
 *     node load/decisions/sqlite-settings.ts [events in the file]
 */

const EVENTS_IN_FILE = Number(process.argv[2] ?? 600_000);
const SECONDS = 2;
const DUPLICATE_RATE = 0.25;
const SHAPES = [
  { frames: 1, eventsPerFrame: 1 },
  { frames: 2, eventsPerFrame: 9 },
  { frames: 20, eventsPerFrame: 100 },
];
const SETTINGS = [1_000, 4_000, 16_384].flatMap((checkpointPages) =>
  [65_536, 16_384, 4_096].map((cacheKib) => ({ checkpointPages, cacheKib })),
);

interface Shape {
  frames: number;
  eventsPerFrame: number;
}

let sequence = 0;

function makeCall({ frames, eventsPerFrame }: Shape, numbers: EventNumbers): ApplyCall {
  const texts = Array.from({ length: frames }, () => {
    const body = makeBody("000000", eventsPerFrame);
    for (let index = 0; index < eventsPerFrame; index++) {
      writeEvent(body, eventOffset(index, eventsPerFrame), numbers.next());
    }
    return eventsPerFrame === 1 ? Buffer.from(`[${body}]`) : body;
  });
  let end = 0;
  const packed = texts.map((text) => {
    const start = end;
    end += text.length;
    const place = { id: randomUUID(), incarnation: "load", sequence: ++sequence };
    return { ...place, receivedAtMs: Date.now(), events: eventsPerFrame, start, end };
  });
  return { frames: packed, bytes: Buffer.concat(texts), maxNamed: 10 };
}

function fill(path: string): number {
  const { database, close } = openWriterDatabase(path);
  database.pragma("synchronous = OFF");
  const apply = prepareApply(database);
  const numbers = new EventNumbers({ duplicateRate: 0 });
  while (numbers.made < EVENTS_IN_FILE) apply(makeCall({ frames: 3, eventsPerFrame: 1_000 }, numbers));
  close();
  return numbers.made;
}

function measure(apply: (call: ApplyCall) => unknown, shape: Shape, numbers: EventNumbers): string {
  const times: number[] = [];
  let spentMs = 0;
  let cpuMicros = 0;
  while (spentMs < SECONDS * 1_000) {
    const call = makeCall(shape, numbers);
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    apply(call);
    const ms = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpuBefore);
    times.push(ms);
    spentMs += ms;
    cpuMicros += user + system;
  }
  times.sort((left, right) => left - right);
  const percentile = (share: number) => times[Math.floor(share * (times.length - 1))]?.toFixed(2);
  const events = times.length * shape.frames * shape.eventsPerFrame;
  const speed = `${Math.round((events / spentMs) * 1_000)} events/s, ${(cpuMicros / events).toFixed(1)} µs of CPU each`;
  return `${speed}, ms a transaction: p50 ${percentile(0.5)}, p99 ${percentile(0.99)}, max ${percentile(1)}`;
}

const directory = mkdtempSync(join(tmpdir(), "tidemark-load-"));
try {
  const filled = join(directory, "filled.db");
  const made = fill(filled);
  for (const { checkpointPages, cacheKib } of SETTINGS) {
    const path = join(directory, "measured.db");
    copyFileSync(filled, path);
    const { database, close } = openWriterDatabase(path);
    database.pragma(`wal_autocheckpoint = ${checkpointPages}`);
    database.pragma(`cache_size = -${cacheKib}`);
    const apply = prepareApply(database);
    const numbers = new EventNumbers({ duplicateRate: DUPLICATE_RATE, made });
    for (const shape of SHAPES) {
      const what = `${shape.frames * shape.eventsPerFrame} events, checkpoint at ${checkpointPages} pages, cache ${cacheKib} KiB`;
      console.log(`${what}: ${measure(apply, shape, numbers)}`);
    }
    close();
  }
} finally {
  rmSync(directory, { recursive: true });
}
