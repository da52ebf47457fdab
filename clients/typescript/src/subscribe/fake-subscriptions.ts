import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** The fate of an answer: it arrives, it is lost after the request was executed, or the request is refused before that. */
export type AnswerFate = "arrives" | "is lost" | "is refused";

export interface FakeSubscriptions {
  url: URL;
  /** The fates of the next answers; after them all arrive. */
  fates: AnswerFate[];
  /** Counts the acknowledgements of pages without events. */
  countIdleAcks(): number;
  close(): Promise<void>;
}

/** Starts a service with one subscription to events that are named by their numbers. */
export async function startFakeSubscriptions(count: number): Promise<FakeSubscriptions> {
  const fates: AnswerFate[] = [];
  let position = 0;
  let lastPage = -1;
  let pages = 0;
  let idleAcks = 0;

  function carryOut(method: string, path: string, body: string): [status: number, body: object] {
    if (method === "PUT") return [200, {}];
    if (method === "GET") {
      const limit = Number(new URL(path, "http://fake").searchParams.get("limit"));
      const to = Math.min(position + limit, count);
      const events = Array.from({ length: to - position }, (_, index) => ({ event_id: String(position + index) }));
      return [200, { count: events.length, events, cursor: [position, to, ++pages].join() }];
    }
    const [from = 0, to = 0, page = 0] = JSON.parse(body).cursor.split(",").map(Number);
    if (page === lastPage) return [204, {}];
    if (from !== position) return [409, { code: "subscription_moved" }];
    if (to > from) lastPage = page;
    else idleAcks++;
    position = to;
    return [204, {}];
  }

  const server = createServer(async (request, response) => {
    const body = await text(request);
    const fate = fates.shift() ?? "arrives";
    if (fate === "is refused") return send(response, 503, { code: "store_unreachable" });
    const answer = carryOut(request.method ?? "", request.url ?? "", body);
    if (fate === "is lost") response.destroy();
    else send(response, ...answer);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return { url: new URL(`http://127.0.0.1:${port}`), fates, countIdleAcks: () => idleAcks, close };
}

function send(response: ServerResponse, status: number, body: object): void {
  const type = status >= 400 ? "application/problem+json" : "application/json";
  response.writeHead(status, { "content-type": type, "preference-applied": "wait=1" });
  response.end(status === 204 ? undefined : JSON.stringify(body));
}
