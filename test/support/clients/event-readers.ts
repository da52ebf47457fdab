import { waitFor } from "../wait-for.ts";

// Three ways to read events while they are stored. Each continues at its position when its connection or service ends.

export interface ReaderOptions {
  /** Returns the present URL of the service. */
  url: () => string;
  topic: string;
  /** The id of the last event. The reader ends when it has read this event. */
  lastEventId: string;
  timeoutMs: number;
}

/** The ids of the events that a reader has read, in the order in which they arrived. */
export type Seen = string[];

interface EventLine {
  event_id: string;
}

interface Page {
  events: EventLine[];
  next_cursor: string;
}

const ANSWER_MS = 15_000;

async function read(url: string, headers: Record<string, string>, timeoutMs: number): Promise<Response> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
  if (response.ok) return response;
  throw new Error(`${url}: ${response.status} ${await response.text()}`);
}

/** Publishes the batches one after the other, each of them until it is accepted. */
export async function writeBatches(url: () => string, batches: string[], timeoutMs: number): Promise<void> {
  const headers = { "content-type": "application/json" };
  for (const body of batches) {
    const isAccepted = async () => {
      const signal = AbortSignal.timeout(ANSWER_MS);
      const response = await fetch(`${url()}/publish`, { method: "POST", headers, body, signal });
      if (!response.ok) throw new Error(`publish: ${response.status} ${await response.text()}`);
      await response.text();
      return true;
    };
    await waitFor("a batch to be accepted", isAccepted, { timeoutMs });
  }
}

/** Reads the pages of the topic forward, each from the cursor of the page before. */
export function readPages(options: ReaderOptions, seen: Seen): Promise<void> {
  return readForward(options, seen, async (query) => {
    const page = await read(`${options.url()}/events?${query}&limit=97`, {}, ANSWER_MS);
    return (await page.json()) as Page;
  });
}

/** Exports repeatedly, each time from the last line of the export before. An export without a last line is dropped. */
export function readExports(options: ReaderOptions, seen: Seen): Promise<void> {
  return readForward(options, seen, async (query) => {
    const lines = await read(`${options.url()}/events?${query}`, { accept: "application/x-ndjson" }, ANSWER_MS);
    const text = await lines.text();
    if (!text.endsWith("\n")) throw new Error("the export was cut");
    const events = text.trimEnd().split("\n");
    const end = JSON.parse(String(events.pop())) as { complete?: boolean; next_cursor: string };
    if (end.complete === undefined) throw new Error("the export has no last line");
    return { events: events.map((line) => JSON.parse(line) as EventLine), next_cursor: end.next_cursor };
  });
}

async function readForward(
  { topic, lastEventId, timeoutMs }: ReaderOptions,
  seen: Seen,
  readPage: (query: URLSearchParams) => Promise<Page>,
): Promise<void> {
  let cursor = "";
  const readNext = async () => {
    const page = await readPage(new URLSearchParams({ topic, order: "asc", ...(cursor && { cursor }) }));
    cursor = page.next_cursor;
    seen.push(...page.events.map(({ event_id }) => event_id));
    return page.events.length > 0;
  };
  while (seen.at(-1) !== lastEventId) await waitFor("more events", readNext, { timeoutMs });
}

/** Follows the stream as a browser does: it reconnects with the last id it has received. */
export async function followStream(options: ReaderOptions & { opened: () => void }, seen: Seen): Promise<void> {
  const { url, topic, lastEventId, timeoutMs, opened } = options;
  let position = "";
  const takeBlock = (block: string) => {
    position = /^id: (.*)$/m.exec(block)?.[1] ?? position;
    const data = /^data: (.*)$/m.exec(block)?.[1];
    if (data !== undefined) seen.push((JSON.parse(data) as EventLine).event_id);
    opened();
  };
  const open = async () => {
    const headers: Record<string, string> = position ? { "last-event-id": position } : {};
    return (await read(`${url()}/events/stream?topic=${topic}`, headers, timeoutMs)).body;
  };
  while (seen.at(-1) !== lastEventId) {
    const body = await waitFor("a stream", open, { timeoutMs });
    await takeBlocks(body, takeBlock, () => seen.at(-1) === lastEventId).catch(() => undefined); // the connection was cut
  }
}

async function takeBlocks(
  body: ReadableStream<Uint8Array>,
  take: (block: string) => void,
  isEnd: () => boolean,
): Promise<void> {
  let rest = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() as string;
    blocks.forEach(take);
    if (isEnd()) return;
  }
}
