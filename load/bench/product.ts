import { setTimeout as delay } from "node:timers/promises";

/** A running deployment that is measured. */
export interface Product {
  shape: Shape;
  /** The URLs of POST /publish, one for each gateway. */
  publishUrls: string[];
  /** The URL of all reads. */
  readUrl: string;
  stop(): Promise<unknown>;
}

export type Shape = "single" | "stack";

export interface Books {
  received: number;
  unique: number;
  duplicates: number;
  dead: number;
  queued: number;
}

const LOOK_EVERY_MS = 50;

export async function readBooks({ readUrl }: Pick<Product, "readUrl">): Promise<Books> {
  const answer = await fetch(new URL("/stats", readUrl));
  if (!answer.ok) throw new Error(`/stats answered ${answer.status}: ${await answer.text()}`);
  const stats = (await answer.json()) as Record<string, number>;
  const figure = (name: string) => stats[name] ?? Number.NaN;
  return {
    received: figure("received"),
    unique: figure("unique_processed"),
    duplicates: figure("duplicate_dropped"),
    dead: figure("dead_lettered"),
    queued: figure("queue_size"),
  };
}

/** Returns the number of events with a verdict. */
export function countVerdicts({ unique, duplicates, dead }: Books): number {
  return unique + duplicates + dead;
}

/** Reads the books once the queue is empty. */
export async function readSettledBooks(product: Product, deadlineMs = 120_000): Promise<Books> {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const books = await readBooks(product);
    if (books.queued === 0) return books;
    if (Date.now() > deadline) {
      throw new Error(`${product.shape} still had ${books.queued} events queued after ${deadlineMs} ms`);
    }
    await delay(LOOK_EVERY_MS);
  }
}
