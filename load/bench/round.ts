import { measureFsync } from "../ceilings/fsync.ts";
import { type CeilingFigure, measurePostgres } from "../ceilings/postgres.ts";
import { measureSqlite } from "../ceilings/sqlite.ts";
import type { Echo } from "../ceilings/start-echo.ts";
import type { Loader } from "../loader/start-loader.ts";
import { type Figures, measureEcho, measureLoad } from "./measure-load.ts";
import type { Load } from "./options.ts";
import type { Product } from "./product.ts";
import { RECORDED, type Recorder } from "./recorder.ts";

export interface RoundInput {
  dataDir: string;
  seconds: number;
  loads: Load[];
  loader: Loader;
  recorder: Recorder;
  products: Product[];
  /** The ceilings to measure: the stack's database, a file that single has made, the bare Fastify. */
  databaseUrl?: string | undefined;
  sqlitePath?: string | undefined;
  echo?: Echo | undefined;
  tell(what: string): void;
}

/** A quarter of the events are duplicates of any earlier event. */
export const DUPLICATE_RATE = 0.25;
const BATCH_LOAD = { eventsPerRequest: 100, connections: 32 };
const LONE_LOAD = { eventsPerRequest: 1, connections: 1 };

/**
 * Measures everything once. The ceilings come first and last, and the targets of a load follow each other directly, so
 * that other work on the machine affects all of them.
 */
export async function measureRound(input: RoundInput): Promise<void> {
  for (const product of input.products) await measureLone(input, product);
  await measureCeilings(input);
  for (const load of input.loads) await measureOneLoad(input, load);
  for (const product of input.products) await measureExtremes(input, product);
  await measureCeilings(input);
}

async function measureCeilings({ dataDir, seconds, recorder, databaseUrl, sqlitePath, tell }: RoundInput) {
  if (databaseUrl === undefined && sqlitePath === undefined) return;
  tell(RECORDED.fsync);
  recorder.add(RECORDED.fsync, { perSecond: measureFsync(dataDir, Math.min(1, seconds)) });
  if (databaseUrl !== undefined) {
    tell(RECORDED.postgres);
    recorder.add(RECORDED.postgres, byName(await measurePostgres(databaseUrl, seconds / 2, DUPLICATE_RATE)));
  }
  if (sqlitePath !== undefined) {
    tell(RECORDED.sqlite);
    recorder.add(RECORDED.sqlite, byName(await measureSqlite(sqlitePath, seconds / 2, DUPLICATE_RATE)));
  }
}

async function measureOneLoad({ seconds, loader, recorder, products, echo, tell }: RoundInput, load: Load) {
  const order = { ...load, seconds, duplicateRate: DUPLICATE_RATE };
  if (echo !== undefined) {
    tell(RECORDED.load("echo", load));
    recorder.add(RECORDED.load("echo", load), await measureEcho(loader, echo.url, order));
  }
  for (const product of products) {
    tell(RECORDED.load(product.shape, load));
    recorder.add(RECORDED.load(product.shape, load), (await measureLoad(loader, product, order)).figures);
  }
}

/** Measures the latency of a lone client before any load, because a database continues to write for a while after a load. */
async function measureLone({ seconds, loader, recorder, tell }: RoundInput, product: Product) {
  const name = RECORDED.lone(product.shape);
  tell(name);
  recorder.add(
    name,
    (await measureLoad(loader, product, { ...LONE_LOAD, seconds, duplicateRate: DUPLICATE_RATE })).figures,
  );
}

/** Compares a stream of only duplicates with a stream of only new events. */
async function measureExtremes({ seconds, loader, recorder, tell }: RoundInput, product: Product) {
  const { shape } = product;
  const measure = async (what: string, order: Parameters<typeof measureLoad>[2]) => {
    tell(what);
    const measured = await measureLoad(loader, product, order);
    recorder.add(what, measured.figures);
    return measured;
  };
  const allNew = await measure(RECORDED.allNew(shape), { ...BATCH_LOAD, seconds, duplicateRate: 0 });
  await measure(RECORDED.allDuplicates(shape), { ...BATCH_LOAD, seconds, duplicateRate: 1, again: allNew });
}

function byName(figures: CeilingFigure[]): Figures {
  return Object.fromEntries(figures.map(({ name, perSecond }) => [name, perSecond]));
}
