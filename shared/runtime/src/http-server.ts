import { setTimeout as delay } from "node:timers/promises";
import { InvalidInput, LimitExceeded, Unavailable } from "@tidemark/domain/errors";
import { createProblem, PROBLEM_TYPE, type Problem, problemOf, problemText } from "@tidemark/http-api/problem";
import { shorten } from "@tidemark/json/shorten";
import type { Logger } from "@tidemark/telemetry/logger";
import type { Metrics } from "@tidemark/telemetry/metrics/metrics";
import type { Tracer } from "@tidemark/telemetry/tracing/tracer";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  LogController,
} from "fastify";
import { RequestValidationError, validatorCompiler } from "fastify-zod-openapi";
import { refusalOf, registerAccess } from "./access/access.ts";
import type { ApiKeys } from "./access/api-keys.ts";
import { type BrowserRules, registerBrowserRules } from "./browsers/browser-rules.ts";
import { limitConnections } from "./limits/max-connections.ts";
import { paceAnswers } from "./limits/pace-answers.ts";
import { countRequests } from "./metrics/request-metrics.ts";
import { answerClientError } from "./requests/client-error.ts";
import { answerWhileSending, dropBody } from "./requests/refused-body.ts";
import { requestIdOf, sendRequestId } from "./requests/request-id.ts";
import { jitterRetryAfter } from "./requests/retry-after.ts";
import { readTraces, recordTraces } from "./requests/trace-requests.ts";
import { rememberRoutes, unknownRoute } from "./requests/unknown-route.ts";
import { refuseExpectations, requireWellFormed } from "./requests/well-formed-request.ts";

export interface HttpServerOptions {
  logger: Logger;
  /** The time that a close waits for clients that have not sent their whole request, or do not read their answer. */
  closeWaitMs?: number;
  /** The addresses and ranges of proxies whose `X-Forwarded-For` is believed. Default: none. */
  trustedProxies?: readonly string[];
  /** The connections at a time; more are closed at once. Default: as many as the system allows. */
  maxConnections?: number;
  /** How long a client may take for a piece of a large answer before it is disconnected. */
  maxStallMs?: number;
  /** `forwarded`: the server only forwards requests, and the services behind it have rules. Default: no name but localhost. */
  browsers?: BrowserRules | "forwarded";
  /** The keys that requests need. Absent: the server is open to everybody. */
  apiKeys?: ApiKeys;
  /** Absent: the server records no traces. */
  tracer?: Tracer | undefined;
  /** The metrics to which the requests are added. Default: none. */
  metrics?: Metrics;
}

// 255 characters of four bytes, each byte written as %XX.
const MAX_PARAM_LENGTH = 255 * 4 * 3;

/**
 * Creates a Fastify server that answers every error as problem+json, validates parameters by zod schemas, and disconnects
 * slow clients. Handlers throw `InvalidInput`, `LimitExceeded` and `Unavailable`. Any other error is a 500, and its message is only logged.
 */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { logger, closeWaitMs = 15_000, browsers = {}, apiKeys, metrics } = options;
  const { trustedProxies = [], maxConnections, maxStallMs, tracer } = options;
  const server: FastifyInstance = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }), // a line costs more than a request
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    childLoggerFactory: (parent) => parent, // a logger for each request is 3 % of a publish; lines name `requestId` themselves
    genReqId: requestIdOf,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    requestTimeout: 30_000, // for sending the whole request; off by default (slow loris)
    keepAliveTimeout: 75_000, // longer than the edge keeps its connections
    connectionTimeout: 120_000,
    return503OnClosing: false, // later requests on open connections are still served
    http: {
      headersTimeout: 15_000,
      connectionsCheckingInterval: 2_000, // by default timeouts are checked every 30 s
      requireHostHeader: false, // Node's own refusal is not problem+json: see requireWellFormed
    },
    clientErrorHandler: (error, socket) => answerClientError(error, socket, countUnread),
    frameworkErrors: (error, request, reply) => {
      void sendProblem(reply, describeError(logger, refusalOf(request, reply, apiKeys) ?? error, reply));
    },
  });
  server.decorateReply("problemCode", null);
  const countUnread = metrics && countRequests(server, metrics);
  server.setValidatorCompiler(validatorCompiler);
  // Routes with a body add their own parser. Any other route ignores a body.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, payload, done) => {
    payload.resume();
    done(null);
  });
  readTraces(server);
  server.addHook("onRequest", sendRequestId);
  server.addHook("onRequest", requireWellFormed);
  refuseExpectations(server.server, countUnread);
  if (browsers !== "forwarded") registerBrowserRules(server, browsers, { hasKeys: apiKeys !== undefined });
  registerAccess(server, apiKeys);
  if (tracer !== undefined) recordTraces(server, tracer);
  server.setErrorHandler(async (error, request, reply) => {
    // The client has left, which is not an error of the service. Only Fastify needs this answer.
    if (request.raw.readableAborted) return sendProblem(reply, incompleteRequest());
    if (!request.raw.complete) await dropBody(request.raw);
    // Fastify may report another error of a request to an unknown route. The method QUERY, for example, requires a content type.
    const isUnknownRoute = request.is404 && problemOf(error) === undefined;
    const problem = isUnknownRoute ? unknownRoute(findMethods, request, reply) : describeError(logger, error, reply);
    return request.raw.complete ? sendProblem(reply, problem) : sendAndClose(reply, problem);
  });
  const findMethods = rememberRoutes(server);
  server.setNotFoundHandler((request, reply) => sendProblem(reply, unknownRoute(findMethods, request, reply)));
  disconnectWhileClosing(server, closeWaitMs);
  paceAnswers(server, { maxStallMs });
  if (maxConnections !== undefined) limitConnections(server.server, { maxConnections, logger });
  return server;
}

// A request may be on its way over a connection that looks idle. Closing that one at once would lose the request.
const LAST_REQUESTS_MS = 300;

/**
 * Ends the connections while the server closes, because `close()` resolves when the last one has ended. Each answer carries
 * `Connection: close`, and connections that are still open after `closeWaitMs` are destroyed.
 */
function disconnectWhileClosing(server: FastifyInstance, closeWaitMs: number): void {
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

/** Returns the problem of an error, logs an error that is a bug of our own, and sets `Retry-After`. */
function describeError(logger: Logger, error: unknown, reply: FastifyReply): Problem {
  if (error instanceof Unavailable) reply.header("retry-after", jitterRetryAfter(error.retryAfterSeconds));
  if (error instanceof LimitExceeded) reply.header("retry-after", Math.ceil(error.retryAfterSeconds));
  const problem = problemOf(error) ?? problemOfFastify(error, reply);
  if (problem !== undefined) return problem;
  // Without the query, which may hold what a client wrongly sends there, such as a key.
  const { id, method, url } = reply.request;
  logger.error({ err: error, requestId: id, method, path: url.split("?")[0] }, "request failed");
  return createProblem(500, "internal_error", "an internal error; the service has logged the details");
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  reply.request.span?.set({ "error.type": problem.code });
  reply.problemCode = problem.code;
  return reply
    .code(problem.status)
    .header("content-type", PROBLEM_TYPE)
    .serializer((body: unknown) => problemText(body as Problem))
    .send(problem);
}

function sendAndClose(reply: FastifyReply, problem: Problem): FastifyReply {
  reply.problemCode = problem.code;
  const text = problemText(problem);
  return reply
    .code(problem.status)
    .headers({ "content-type": PROBLEM_TYPE, "content-length": Buffer.byteLength(text), connection: "close" })
    .send(answerWhileSending(text, reply.request.raw));
}

function incompleteRequest(): Problem {
  return createProblem(400, "bad_request", "the request is incomplete");
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
    return createProblem(status, name, `a segment of the path has more than ${MAX_PARAM_LENGTH} characters`);
  }
  if (status === 415) {
    const given = reply.request.headers["content-type"];
    const detail = given
      ? `unsupported content type ${JSON.stringify(shorten(given))}`
      : "the Content-Type header is missing";
    return createProblem(415, name, `${detail}; send application/json`);
  }
  return createProblem(status, name, message);
}

function invalidParameters(validation: unknown[]): InvalidInput {
  const faults = validation
    .filter((item) => item instanceof RequestValidationError)
    // The validator writes the pointer to the whole value as "/". RFC 6901 writes it as "".
    .map((item) => ({ pointer: item.instancePath === "/" ? "" : item.instancePath, detail: item.message }));
  const detail = faults
    .map(({ pointer, detail }) => (pointer === "" ? detail : `${pointer.slice(1)}: ${detail}`))
    .join("; ");
  return new InvalidInput({
    code: "invalid_parameter",
    status: 400,
    detail: detail || "a parameter is invalid",
    faults,
  });
}
