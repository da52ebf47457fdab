import { setTimeout as delay } from "node:timers/promises";

/** Three ways to read events while they are stored: each goes on where it was, whatever ends under its feet. */

export interface ReaderOptions {
  /** Where the service is at the moment. */
  url: () => string;
  topic: string;
  /** How many events to read, repeats included. */
  total: number;
  signal: AbortSignal;
}

interface EventLine {
  event_id: string;
}

const PAUSE_MS = 20;
const ANSWER_MS = 15_000;

/** Tries until it succeeds: the service may be away. */
async function untilDone<Outcome>(attempt: () => Promise<Outcome>, signal: AbortSignal): Promise<Outcome> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch {
      await delay(PAUSE_MS);
    }
  }
}

async function read(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { headers, signal });
  if (response.ok) return response;
  throw new Error(`${url}: ${response.status} ${await response.text()}`);
}

/** Sends events, each batch until it is taken. */
export async function writeBatches(url: () => string, batches: string[], signal: AbortSignal): Promise<void> {
  for (const body of batches) {
    await untilDone(async () => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${url()}/publish`, { method: "POST", headers, body, signal });
      if (!response.ok) throw new Error(`publish: ${response.status}`);
      await response.text();
    }, signal);
  }
}

/** Walks forward, page by page. */
export async function walkPages({ url, topic, total, signal }: ReaderOptions): Promise<string[]> {
  const ids: string[] = [];
  let cursor = "";
  while (ids.length < total) {
    const query = new URLSearchParams({ topic, order: "asc", limit: "97", ...(cursor && { cursor }) });
    const page = await untilDone(async () => {
      const timeout = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
      return (await (await read(`${url()}/events?${query}`, {}, timeout)).json()) as PageBody;
    }, signal);
    ids.push(...page.events.map(({ event_id }) => event_id));
    cursor = page.next_cursor;
    if (page.events.length === 0) await delay(PAUSE_MS);
  }
  return ids;
}

interface PageBody {
  events: EventLine[];
  next_cursor: string;
}

/** Exports again and again, each time from the last line of the export before; one without a last line is dropped. */
export async function walkExports({ url, topic, total, signal }: ReaderOptions): Promise<string[]> {
  const ids: string[] = [];
  let cursor = "";
  while (ids.length < total) {
    const query = new URLSearchParams({ topic, order: "asc", ...(cursor && { cursor }) });
    const lines = await untilDone(async () => {
      const timeout = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
      const text = await (await read(`${url()}/events?${query}`, { accept: "application/x-ndjson" }, timeout)).text();
      if (!text.endsWith("\n")) throw new Error("the export was cut");
      const parsed = text.trimEnd().split("\n");
      const end = JSON.parse(String(parsed.pop())) as { complete?: boolean; next_cursor: string };
      if (end.complete === undefined) throw new Error("the export has no last line");
      return { events: parsed.map((line) => JSON.parse(line) as EventLine), cursor: end.next_cursor };
    }, signal);
    ids.push(...lines.events.map(({ event_id }) => event_id));
    cursor = lines.cursor;
    if (lines.events.length === 0) await delay(PAUSE_MS);
  }
  return ids;
}

/** Follows the stream as a browser does: comes back with the last id it has seen. */
export async function followStream(options: ReaderOptions & { opened?: () => void }): Promise<string[]> {
  const { url, topic, total, signal, opened } = options;
  const ids: string[] = [];
  let lastId = "";
  while (ids.length < total) {
    signal.throwIfAborted();
    try {
      const headers: Record<string, string> = lastId ? { "last-event-id": lastId } : {};
      const { body } = await read(`${url()}/events/stream?topic=${encodeURIComponent(topic)}`, headers, signal);
      let rest = "";
      for await (const piece of (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
        const blocks = (rest + piece).split("\n\n");
        rest = blocks.pop() as string;
        for (const block of blocks) {
          lastId = /^id: (.*)$/m.exec(block)?.[1] ?? lastId;
          const data = /^data: (.*)$/m.exec(block)?.[1];
          if (data !== undefined) ids.push((JSON.parse(data) as EventLine).event_id);
        }
        opened?.();
        if (ids.length >= total) break;
      }
    } catch {
      await delay(PAUSE_MS);
    }
  }
  return ids;
}
