import { Agent, type ServerResponse } from "node:http";
import { warnIfReachable } from "@tidemark/runtime/access/access";
import { createHttpServer, type HttpServerOptions } from "@tidemark/runtime/http-server";
import { REQUEST_ID_HEADER } from "@tidemark/runtime/requests/request-id";
import { forward } from "./forward.ts";

export interface EdgeOptions extends HttpServerOptions {
  host: string;
  port: number;
  gateways: readonly URL[];
  queries: readonly URL[];
  /** Whether the services behind the edge need no keys. Only the edge knows whether other machines can reach it. */
  isOpen?: boolean;
}

export interface Edge {
  url: string;
  stop(): Promise<void>;
}

/**
 * The single address of a stack without containers, in place of deploy/nginx: `/publish` goes to the gateways, the rest to
 * the query replicas, in turn.
 */
export async function startEdge({ host, port, gateways, queries, isOpen, ...options }: EdgeOptions): Promise<Edge> {
  const agent = new Agent({ keepAlive: true });
  const nextGateways = takeTurns(gateways);
  const nextQueries = takeTurns(queries);
  const liveStreams = new Set<ServerResponse>();
  const onLiveStream = (response: ServerResponse) => {
    liveStreams.add(response);
    response.once("close", () => liveStreams.delete(response));
  };

  const server = createHttpServer({ ...options, browsers: "forwarded" });
  server.addHook("onRequest", (request, reply) => {
    reply.hijack();
    const isPublish = /^\/publish\/?(\?|$)/.test(request.raw.url ?? "");
    const targets = isPublish ? nextGateways() : nextQueries();
    const clientAddress = request.ip;
    request.raw.headers[REQUEST_ID_HEADER] = request.id;
    forward({ request: request.raw, response: reply.raw, clientAddress, targets, agent, onLiveStream });
  });
  const url = await server.listen({ host, port });
  if (isOpen) warnIfReachable(server);
  return {
    url,
    async stop() {
      const closed = server.close();
      for (const response of liveStreams) response.destroy(); // streams do not end otherwise, and their clients reconnect
      await closed;
      agent.destroy();
    },
  };
}

/** Returns all targets, beginning with the one whose turn it is. */
function takeTurns(targets: readonly URL[]): () => URL[] {
  let turn = 0;
  return () => {
    turn = (turn + 1) % targets.length;
    return [...targets.slice(turn), ...targets.slice(0, turn)];
  };
}
