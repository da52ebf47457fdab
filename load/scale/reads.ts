import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { median } from "../figures/figures.ts";
import { makeBody, writeEvent } from "../loader/sample-events.ts";
import type { Filled } from "./fill.ts";

/** One kind of read, and a function that returns the path of the next one. */
export interface Read {
  name: string;
  nextPath(): string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const WALK_LIMIT = 1_000;

/** The reads that are measured: the books, the first page, an event, a page at depth. */
export async function prepareReads(filled: Filled, depth: number): Promise<Read[]> {
  const cursor = await walkTo(filled, Math.min(depth, Math.floor(filled.rows / 2)));
  const keys = randomKeys(filled);
  return [
    { name: "/stats", nextPath: () => "/stats" },
    { name: "/events, first page", nextPath: () => "/events" },
    { name: "/events at depth", nextPath: () => `/events?cursor=${encodeURIComponent(cursor)}` },
    { name: "/events/{topic}/{id}", nextPath: keys },
  ];
}

/** Measures the median time of an answer in milliseconds, over one connection. */
export async function measureRead({ product }: Filled, { nextPath }: Read, times: number): Promise<number> {
  const spent: number[] = [];
  for (let time = 0; time < times; time++) {
    const path = nextPath();
    const startedAt = performance.now();
    await read(product.readUrl, path);
    spent.push(performance.now() - startedAt);
  }
  return median(spent);
}

/** Reads the cursor after that many of the newest events. */
async function walkTo({ product }: Filled, depth: number): Promise<string> {
  let cursor = "";
  for (let passed = 0; passed < depth; passed += WALK_LIMIT) {
    const from = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = JSON.parse(await read(product.readUrl, `/events?limit=${WALK_LIMIT}${from}`));
    cursor = page.next_cursor;
  }
  return cursor;
}

/** Creates paths of random events that were sent. */
function randomKeys({ runId, rows }: Filled): () => string {
  const body = makeBody(runId, 1);
  return () => {
    writeEvent(body, 0, Math.floor(Math.random() * rows));
    const { topic, event_id } = JSON.parse(body.toString()) as { topic: string; event_id: string };
    return `/events/${topic}/${event_id}`;
  };
}

async function read(url: string, path: string): Promise<string> {
  const [answer] = (await once(get(new URL(path, url), { agent }), "response")) as [IncomingMessage];
  const body = await text(answer);
  if (answer.statusCode !== 200) throw new Error(`${path} answered ${answer.statusCode}: ${body}`);
  return body;
}
