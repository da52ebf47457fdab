import { Agent, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse, request as send } from "node:http";
import { pipeline } from "node:stream";
import { createHttpServer } from "@tidemark/shared/http-server";
import type { Logger } from "@tidemark/shared/log";
import { createProblem, PROBLEM_TYPE } from "@tidemark/shared/problem";

export interface EdgeOptions {
  host: string;
  port: number;
  gateways: readonly URL[];
  queries: readonly URL[];
  log: Logger;
}

export interface Edge {
  url: string;
  stop(): Promise<void>;
}

/** Above the longest wait a client may ask for, 60 s. */
const ANSWER_DEADLINE_MS = 90_000;
const AUDIT_DEADLINE_MS = 30 * 60_000;

/**
 * The one address of a stack without containers, in the place of deploy/nginx: `/publish` to the gateways, the rest to
 * the query replicas, in turn. Paths, bodies and answers pass untouched, as streams. Another replica is tried only while
 * none has been sent the request: a publish sent twice from here would be counted as a duplicate of the client's.
 */
export async function startEdge({ host, port, gateways, queries, log }: EdgeOptions): Promise<Edge> {
  const agent = new Agent({ keepAlive: true });
  const nextGateways = takeTurns(gateways);
  const nextQueries = takeTurns(queries);
  const liveStreams = new Set<ServerResponse>();

  const server = createHttpServer({ log });
  server.addHook("onRequest", (request, reply) => {
    reply.hijack();
    const isPublish = /^\/publish(\?|$)/.test(request.raw.url ?? "");
    forward({
      request: request.raw,
      response: reply.raw,
      targets: isPublish ? nextGateways() : nextQueries(),
      agent,
      onLiveStream(response) {
        liveStreams.add(response);
        response.once("close", () => liveStreams.delete(response));
      },
    });
  });
  const url = await server.listen({ host, port });
  return {
    url,
    async stop() {
      const closed = server.close();
      for (const response of liveStreams) response.destroy(); // they end no other way, and their readers come back
      await closed;
      agent.destroy();
    },
  };
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** In the order they are tried. */
  targets: URL[];
  agent: Agent;
  onLiveStream(response: ServerResponse): void;
}

function forward(exchange: Exchange): void {
  const { request, response, agent, onLiveStream } = exchange;
  const [target, ...others] = exchange.targets;
  const upstream = send({
    agent,
    host: target?.hostname,
    port: target?.port,
    method: request.method,
    path: request.url,
    headers: forwardedHeaders(request),
    timeout: request.url?.startsWith("/audit") ? AUDIT_DEADLINE_MS : ANSWER_DEADLINE_MS,
  });
  let isSent = false;
  let isAnswered = false;
  const cancel = () => upstream.destroy();
  response.once("close", cancel);

  upstream.once("socket", (socket) => {
    const sendBody = () => {
      isSent = true;
      request.pipe(upstream);
    };
    if (socket.connecting) socket.once("connect", sendBody);
    else sendBody();
  });
  upstream.once("response", (answer) => {
    isAnswered = true;
    response.writeHead(answer.statusCode ?? 502, endToEndHeaders(answer.rawHeaders));
    response.flushHeaders();
    if (answer.headers["content-type"]?.startsWith("text/event-stream")) onLiveStream(response);
    pipeline(answer, response, () => {
      request.unpipe(upstream);
      request.resume(); // what a refused body still sends goes nowhere
    });
  });
  upstream.once("timeout", () => {
    if (isAnswered) return void upstream.destroy();
    answerProblem(response, { status: 504, code: "outcome_unknown", detail: "the service gave no answer in time" });
    upstream.destroy();
  });
  upstream.on("error", () => {
    if (isAnswered || response.headersSent) return; // a body refused half-way: the answer is on its way
    response.off("close", cancel);
    if (!isSent && others.length > 0) return forward({ ...exchange, targets: others });
    answerProblem(response, { status: 502, code: "service_unreachable", detail: "the service gave no answer" });
  });
}

/** All targets, the one whose turn it is first. */
function takeTurns(targets: readonly URL[]): () => URL[] {
  let turn = 0;
  return () => {
    turn = (turn + 1) % targets.length;
    return [...targets.slice(turn), ...targets.slice(0, turn)];
  };
}

/** They are about one connection, not about the message (RFC 9110, 7.6.1). */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade", "expect"]);

function forwardedHeaders({ headers, socket }: IncomingMessage): OutgoingHttpHeaders {
  const forwarded: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) if (!HOP_BY_HOP.has(name)) forwarded[name] = value;
  const earlier = headers["x-forwarded-for"];
  forwarded["x-forwarded-for"] = [...(earlier ? [earlier] : []), socket.remoteAddress].join(", ");
  forwarded["x-forwarded-host"] = headers.host;
  forwarded["x-forwarded-proto"] = "http";
  return forwarded;
}

/** Names and values in turn, as `writeHead` takes them. */
function endToEndHeaders(rawHeaders: string[]): string[] {
  return rawHeaders.filter((_, index) => {
    const name = rawHeaders[index - (index % 2)]?.toLowerCase() ?? "";
    return !HOP_BY_HOP.has(name) && name !== "transfer-encoding";
  });
}

function answerProblem(
  response: ServerResponse,
  { status, code, detail }: { status: number; code: string; detail: string },
): void {
  const safe = "the request may have been taken, and sending it again is safe";
  response.writeHead(status, { "content-type": PROBLEM_TYPE, "retry-after": "1", connection: "close" });
  response.end(JSON.stringify(createProblem(status, code, `${detail}; ${safe}`)));
}
