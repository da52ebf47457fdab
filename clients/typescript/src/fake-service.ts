import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers one publish in place of the usual 200. It may call `store` to store the events. */
export type Fault = (response: ServerResponse, store: () => object) => void;

export interface FakeService {
  url: URL;
  /** Faults for the next publishes, in order; `undefined` is a publish without a fault. */
  faults: (Fault | undefined)[];
  /**
   * The answers of each receipt, by path. Each request takes the next one, and the last one repeats. A function writes
   * an error.
   */
  receipts: Map<string, (object | Fault)[]>;
  requests: IncomingMessage[];
  /** The body of each attempt to publish, whether its events were stored or not. */
  bodies: string[];
  /** Whether the service has stored an event. */
  hasStored(topic: string, eventId: string): boolean;
  books: { received: number; unique: number; duplicates: number };
  close(): Promise<void>;
}

/**
 * Starts the smallest service that the tests of producers need: it stores events in memory, answers with verdicts, and
 * fails on demand. It knows one rule: an event needs a topic. Events without a topic are rejected, as with
 * `handling=lenient`; a request without any valid event is refused.
 */
export async function startFakeService(): Promise<FakeService> {
  const stored = new Set<string>();
  const books = { received: 0, unique: 0, duplicates: 0 };
  const faults: FakeService["faults"] = [];
  const receipts: FakeService["receipts"] = new Map();
  const requests: IncomingMessage[] = [];
  const bodies: string[] = [];

  const server = createServer(async (request, response) => {
    requests.push(request);
    const body = await readText(request);
    if (request.method === "GET") {
      const page = readPage(request.url ?? "");
      return typeof page === "function" ? page(response, () => ({})) : answer(response, 200, page);
    }
    bodies.push(body);
    const fault = faults.shift();
    const events = readEvents(body);
    const store = () => storeEvents(events);
    if (fault !== undefined) return fault(response, store);
    if (events.some(isGood)) return answer(response, 200, store());
    answer(response, 422, { code: "invalid_event", detail: "all are bad", errors: events.slice(0, 100).map(faultOf) });
  });

  function readPage(path: string): object | Fault {
    if (path === "/stats") {
      const { received, unique, duplicates } = books;
      return { received, unique_processed: unique, duplicate_dropped: duplicates, queue_size: 0 };
    }
    const answers = receipts.get(path) ?? [];
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
  }

  function storeEvents(events: SentEvent[]): object {
    const results = events.map((event) => {
      const { topic, event_id } = event;
      const key = JSON.stringify([topic, event_id]);
      const status = !isGood(event) ? "rejected" : stored.has(key) ? "duplicate" : "stored";
      if (status === "stored") stored.add(key);
      return { topic, event_id, status };
    });
    const count = (wanted: string) => results.filter(({ status }) => status === wanted).length;
    const [accepted, duplicates] = [count("stored"), count("duplicate")];
    books.received += accepted + duplicates;
    books.unique += accepted;
    books.duplicates += duplicates;
    const rejected = events.flatMap((event, index) => (isGood(event) ? [] : [rejectionOf(event, index)]));
    return { received: accepted + duplicates, accepted, duplicates, rejected, results };
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}/publish`);
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  const hasStored = (topic: string, eventId: string) => stored.has(JSON.stringify([topic, eventId]));
  return { url, faults, receipts, requests, bodies, hasStored, books, close };
}

interface SentEvent {
  topic: string;
  event_id: string;
}

function readEvents(body: string): SentEvent[] {
  const parsed = JSON.parse(body);
  return Array.isArray(parsed) ? parsed : (parsed.events ?? [parsed]);
}

function isGood({ topic }: SentEvent): boolean {
  return topic !== "";
}

function faultOf(_event: SentEvent, index: number) {
  return { pointer: `/${index}/topic`, detail: "must not be empty" };
}

function rejectionOf(event: SentEvent, index: number) {
  const { pointer, detail: reason } = faultOf(event, index);
  return { index, pointer, reason };
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** Answers with JSON. */
export function answer(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}
