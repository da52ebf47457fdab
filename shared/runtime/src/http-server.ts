import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { finished } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { InvalidInput, Unavailable } from "@tidemark/domain/errors";
import { createProblem, PROBLEM_TYPE, type Problem, problemOf } from "@tidemark/http-api/problem";
import type { Logger } from "@tidemark/telemetry/logger";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import { RequestValidationError, validatorCompiler } from "fastify-zod-openapi";
import { jitterRetryAfter } from "./retry-after.ts";

export interface HttpServerOptions {
  logger: Logger;
  /** How long a close waits for clients that have not sent their request whole, or do not read their answer. */
  closeWaitMs?: number;
}

// 255 characters of four bytes, each byte written as %XX.
const MAX_PARAM_LENGTH = 255 * 4 * 3;

/**
 * A Fastify server that answers every error as problem+json, validates parameters by zod schemas, and gives no slow
 * client its time for ever. Handlers throw `InvalidInput` and `Unavailable`; anything else is a 500 with its message kept
 * for the log.
 */
export function createHttpServer({ logger, closeWaitMs = 15_000 }: HttpServerOptions): FastifyInstance {
  const server: FastifyInstance = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }), // a line per request would cost more than it
    childLoggerFactory: (logger) => logger, // nor is there a logger for each: 3 % of a publish
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    requestTimeout: 30_000, // to send a request whole; off by default (slow loris)
    keepAliveTimeout: 75_000, // longer than the edge keeps its connections
    connectionTimeout: 120_000,
    return503OnClosing: false, // requests that still come in on open connections get an answer of ours
    http: {
      headersTimeout: 15_000,
      connectionsCheckingInterval: 2_000, // else timeouts are looked at every 30 s
      requireHostHeader: false, // Node's own refusal is no problem+json: see requireHost
    },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, _request, reply) => {
      void sendError(logger, error, reply);
    },
  });
  server.setValidatorCompiler(validatorCompiler);
  // Routes that take a body say which; elsewhere it is no reason for another answer than the route's own.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  server.addHook("onRequest", requireHost);
  server.setErrorHandler(async (error, request, reply) => {
    // Its client has gone, which is nobody's bug; the answer is for Fastify alone.
    if (request.raw.readableAborted) return sendProblem(reply, incompleteRequest());
    if (!request.raw.complete) await dropBody(request);
    // Whatever Fastify has to say of such a request (QUERY wants a content type), this is what is wrong with it.
    if (request.is404 && problemOf(error) === undefined)
      return sendProblem(reply, unknownRoute(findMethods, request, reply));
    return sendError(logger, error, reply);
  });
  const findMethods = rememberRoutes(server);
  server.setNotFoundHandler((request, reply) => sendProblem(reply, unknownRoute(findMethods, request, reply)));
  letGoWhileClosing(server, closeWaitMs);
  return server;
}

// A request can be on its way over a connection that looks idle, and closing that would lose it unanswered.
const LAST_REQUESTS_MS = 300;

/**
 * A close ends when the last connection does. So answers given meanwhile say that theirs ends with them, and who stalls
 * is cut off after a while.
 */
function letGoWhileClosing(server: FastifyInstance, closeWaitMs: number): void {
  let isClosing = false;
  server.addHook("preClose", async () => {
    isClosing = true;
    setTimeout(() => server.server.closeAllConnections(), closeWaitMs).unref();
    if (server.server.listening) await delay(LAST_REQUESTS_MS);
  });
  server.addHook("onSend", (_request, reply, payload, done) => {
    if (isClosing) reply.header("connection", "close");
    done(null, payload);
  });
}

/** Keeps the routes that are registered from here on; gives the methods that a path is served with. */
function rememberRoutes(server: FastifyInstance): (path: string) => string[] {
  const routes: { segments: string[]; methods: string[] }[] = [];
  server.addHook("onRoute", ({ url, method }) => {
    routes.push({ segments: url.split("/"), methods: [method].flat() });
  });
  return (path) => {
    const asked = path.split("/");
    const matching = routes.filter(
      ({ segments }) =>
        segments.length === asked.length &&
        segments.every((segment, index) => segment.startsWith(":") || segment === asked[index]),
    );
    return [...new Set(matching.flatMap(({ methods }) => methods))];
  };
}

function sendError(logger: Logger, error: unknown, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error) ?? problemOfFastify(error, reply);
  if (error instanceof Unavailable) reply.header("retry-after", jitterRetryAfter(error.retryAfterSeconds));
  if (problem !== undefined) return sendProblem(reply, problem);
  logger.error({ err: error, method: reply.request.method, url: reply.request.url }, "request failed");
  return sendProblem(reply, createProblem(500, "internal_error", "something went wrong here; the log says what"));
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .header("content-type", PROBLEM_TYPE)
    .serializer((body: unknown) => JSON.stringify(body))
    .send(problem);
}

/** RFC 9112, section 3.2. */
function requireHost({ raw }: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const isMissing = raw.headers.host === undefined && raw.httpVersion === "1.1";
  done(
    isMissing
      ? new InvalidInput({ code: "bad_request", status: 400, detail: "the Host header is missing" })
      : undefined,
  );
}

function incompleteRequest(): Problem {
  return createProblem(400, "bad_request", "the request did not arrive whole");
}

const DROP_BODY_MS = 1_000;

/**
 * Reads the rest of a body that is refused and forgets it, for a bounded time. Answering at once would close the
 * connection under a client that is still sending, which then never sees the answer (RFC 9112, section 9.6).
 */
async function dropBody({ raw }: FastifyRequest): Promise<void> {
  raw.resume();
  await finished(raw, { signal: AbortSignal.timeout(DROP_BODY_MS), cleanup: true }).catch(() => undefined);
}

const FASTIFY_CODES: Record<string, [status: number, code: string]> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, "unsupported_media_type"],
  FST_ERR_MAX_PARAM_LENGTH: [414, "uri_too_long"],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, "malformed_json"],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, "malformed_json"],
};

function problemOfFastify(error: unknown, reply: FastifyReply): Problem | undefined {
  const { code, message, validation, statusCode = 500 } = error as FastifyError;
  if (validation) return problemOf(invalidParameters(validation));
  const known =
    FASTIFY_CODES[code] ?? (statusCode >= 400 && statusCode < 500 ? [statusCode, "bad_request"] : undefined);
  if (known === undefined) return undefined;
  const [status, name] = known;
  if (name === "uri_too_long") {
    return createProblem(status, name, `a part of the path has more than ${MAX_PARAM_LENGTH} characters`);
  }
  if (status === 415) {
    const given = reply.request.headers["content-type"];
    const detail = given ? `unsupported content type ${JSON.stringify(given)}` : "the Content-Type header is missing";
    return createProblem(415, name, `${detail}; send application/json`);
  }
  return createProblem(status, name, message);
}

function invalidParameters(validation: unknown[]): InvalidInput {
  const faults = validation
    .filter((item) => item instanceof RequestValidationError)
    // "/" is what the validator calls the whole, which RFC 6901 calls "".
    .map((item) => ({ pointer: item.instancePath === "/" ? "" : item.instancePath, detail: item.message }));
  const detail = faults
    .map(({ pointer, detail }) => (pointer === "" ? detail : `${pointer.slice(1)}: ${detail}`))
    .join("; ");
  return new InvalidInput({ code: "invalid_parameter", status: 400, detail: detail || "a parameter is wrong", faults });
}

function unknownRoute(
  findMethods: (path: string) => string[],
  { method, url }: FastifyRequest,
  reply: FastifyReply,
): Problem {
  const path = url.split("?")[0] ?? url;
  const methods = findMethods(path).join(", ");
  if (methods === "") return createProblem(404, "not_found", `nothing is served at ${path}`);
  reply.header("allow", methods);
  return createProblem(405, "method_not_allowed", `${path} takes ${methods}, not ${method}`);
}

/** What arrives is not HTTP, or came too slowly: it is answered on the socket, whether or not a handler has begun. */
function answerClientError(
  error: Error & { code?: string },
  socket: Socket & { _httpMessage?: ServerResponse | null },
): void {
  if (socket.writableEnded) return; // answered already; what still comes is read and forgotten
  // Node's own mark of an answer that is owed. Where that is for an earlier request, a client would take this one for it.
  const owed = socket._httpMessage;
  const isOwedToAnother = owed ? owed.req.complete || owed.headersSent : false; // null between two requests
  if (error.code === "ECONNRESET" || !socket.writable || isOwedToAnother) {
    socket.destroy();
    return;
  }
  const [status, code, detail] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? ([408, "request_timeout", "the request did not arrive in time"] as const)
      : error.code === "HPE_HEADER_OVERFLOW"
        ? ([431, "headers_too_large", "the headers are too large"] as const)
        : ([400, "bad_request", "this is not a well-formed HTTP request"] as const);
  const body = JSON.stringify(createProblem(status, code, detail));
  const head = [
    `HTTP/1.1 ${status} ${createProblem(status, code, detail).title}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  setTimeout(() => socket.destroy(), DROP_BODY_MS).unref(); // a client that is still sending sees the answer first
}
