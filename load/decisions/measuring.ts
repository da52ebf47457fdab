import { randomUUID } from "node:crypto";
import pg from "pg";
import { createRandom } from "../loader/random.ts";

/** What the measurements behind docs/decisions share: a database, sample frames, and runs that take turns. */

/** Connects to the scratch database named by DATABASE_URL; the scripts make and drop a schema of their own in it. */
export async function connectScratch(schema: string): Promise<pg.Client> {
  const connectionString = process.env.DATABASE_URL;
  if (!connectionString) throw new Error("set DATABASE_URL to a PostgreSQL that may be written to");
  const client = new pg.Client({ connectionString, options: `-c timezone=UTC -c search_path=${schema},public` });
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await client.query(`CREATE SCHEMA ${schema}`);
  return client;
}

export interface BatchShape {
  frames: number;
  eventsPerFrame: number;
  duplicateRate: number;
  topics: number;
}

export interface SampleBatch {
  frameIds: string[];
  eventCounts: number[];
  starts: number[];
  /** JSON array of events of about 250 bytes. */
  events: Buffer;
}

/** Makes batches whose duplicates repeat any earlier event of the same maker. */
export function createBatchMaker(shape: BatchShape, seed = 1): () => SampleBatch {
  const random = createRandom(seed);
  const run = randomUUID().slice(0, 8);
  let made = 0;
  const nextNumber = () => (made > 0 && random() < shape.duplicateRate ? Math.floor(random() * made) : made++);
  return () => {
    const events = Array.from({ length: shape.frames * shape.eventsPerFrame }, () =>
      sampleEvent(run, nextNumber(), shape.topics),
    );
    return {
      frameIds: Array.from({ length: shape.frames }, () => randomUUID()),
      eventCounts: Array.from({ length: shape.frames }, () => shape.eventsPerFrame),
      starts: Array.from({ length: shape.frames }, (_, index) => 1 + index * shape.eventsPerFrame),
      events: Buffer.from(`[${events.join(",")}]`),
    };
  };
}

function sampleEvent(run: string, number: number, topics: number): string {
  const scattered = ((number * 2_654_435_761) % 2 ** 32).toString(16);
  return JSON.stringify({
    topic: `topic.${number % topics}`,
    event_id: `${scattered}-${run}-${number}`,
    timestamp: "2025-10-23T10:00:00.123Z",
    source: `service-${number % 10}`,
    payload: { user_id: String(number), amount: number * 1.5, tags: ["new", "eu"], note: "x".repeat(60) },
  });
}

interface Variant {
  name: string;
  /** One run; resolves to how many events (rows, calls) it did. */
  run: () => Promise<number>;
}

interface Measured {
  name: string;
  perSecond: number;
  /** Against the first variant. */
  ratio: number;
}

/** Runs the variants in turns, so that a noisy machine is noisy for all, and takes each one's median. */
export async function takeTurns(variants: Variant[], rounds: number): Promise<Measured[]> {
  const speeds = variants.map((): number[] => []);
  for (const { run } of variants) await run(); // warm caches and plans
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of variants.entries()) {
      const startedAt = performance.now();
      const done = await run();
      speeds[index]?.push((done / (performance.now() - startedAt)) * 1_000);
    }
  }
  const medians = speeds.map((each) => each.sort((left, right) => left - right)[Math.floor(each.length / 2)] ?? 0);
  return variants.map(({ name }, index) => ({
    name,
    perSecond: Math.round(medians[index] ?? 0),
    ratio: Number(((medians[index] ?? 0) / (medians[0] ?? 1)).toFixed(2)),
  }));
}
