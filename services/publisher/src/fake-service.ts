import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a fake service does with one publish instead of answering 200, before or after it has stored the events. */
export type Fault = (response: ServerResponse, store: () => object) => void;

export interface FakeService {
  url: URL;
  /** Faults for the next publishes, in order; `undefined` answers as it should. */
  faults: (Fault | undefined)[];
  /** Answers of receipts by path, the first one next; the last one stays. */
  receipts: Map<string, object[]>;
  requests: IncomingMessage[];
  books: { received: number; unique: number; duplicates: number };
  close(): Promise<void>;
}

/** The least service that the publisher's tests need: it stores in memory, and fails on demand. */
export async function startFakeService(): Promise<FakeService> {
  const stored = new Set<string>();
  const books = { received: 0, unique: 0, duplicates: 0 };
  const faults: FakeService["faults"] = [];
  const receipts: FakeService["receipts"] = new Map();
  const requests: IncomingMessage[] = [];

  const server = createServer(async (request, response) => {
    requests.push(request);
    const body = await readText(request);
    if (request.method === "GET") return answer(response, 200, readPage(request.url ?? ""));
    const fault = faults.shift();
    const store = () => storeEvents(body);
    if (fault === undefined) answer(response, 200, store());
    else fault(response, store);
  });

  function readPage(path: string): object {
    if (path === "/stats") {
      const { received, unique, duplicates } = books;
      return { received, unique_processed: unique, duplicate_dropped: duplicates, queue_size: 0 };
    }
    const answers = receipts.get(path) ?? [];
    return (answers.length > 1 ? answers.shift() : answers[0]) ?? {};
  }

  function storeEvents(body: string): object {
    const parsed = JSON.parse(body);
    const events: { topic: string; event_id: string }[] = Array.isArray(parsed) ? parsed : (parsed.events ?? [parsed]);
    const before = stored.size;
    for (const { topic, event_id } of events) stored.add(JSON.stringify([topic, event_id]));
    const accepted = stored.size - before;
    books.received += events.length;
    books.unique += accepted;
    books.duplicates += events.length - accepted;
    return { received: events.length, accepted, duplicates: events.length - accepted };
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}/publish`);
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { url, faults, receipts, requests, books, close };
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
