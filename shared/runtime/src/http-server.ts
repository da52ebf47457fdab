import { setTimeout as delay } from "node:timers/promises";
import { LimitExceeded, Unavailable } from "@tidemark/domain/errors";
import { createProblem, PROBLEM_TYPE, type Problem, problemOf, problemText } from "@tidemark/http-api/problem";
import type { Logger } from "@tidemark/telemetry/logger";
import type { Metrics } from "@tidemark/telemetry/metrics/metrics";
import type { Tracer } from "@tidemark/telemetry/tracing/tracer";
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, LogController } from "fastify";
import { validatorCompiler } from "fastify-zod-openapi";
import { refusalOf, registerAccess } from "./access/access.ts";
import type { ApiKeys } from "./access/api-keys.ts";
import { type BrowserRules, registerBrowserRules } from "./browsers/browser-rules.ts";
import { limitConnections } from "./limits/max-connections.ts";
import { paceAnswers } from "./limits/pace-answers.ts";
import { countRequests } from "./metrics/request-metrics.ts";
import { answerClientError } from "./requests/client-error.ts";
import { MAX_PARAM_LENGTH, problemOfFastify } from "./requests/fastify-problem.ts";
import { describeRequest, RefusalReports } from "./requests/refusal-reports.ts";
import { answerWhileSending, dropBody } from "./requests/refused-body.ts";
import { namesOf, sendRequestId } from "./requests/request-id.ts";
import { RequestLogger } from "./requests/request-logger.ts";
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
  /**
   * The maximum number of open connections. Further connections are closed at once. Default: the limit of the system.
   */
  maxConnections?: number;
  /** How long a client may take for a piece of a large answer before it is disconnected. */
  maxStallMs?: number;
  /** `forwarded`: the server only forwards requests, and the services behind it have rules. Default: no name but localhost. */
  browsers?: BrowserRules | "forwarded";
  /** The keys that requests need. Absent: every client may use the server. */
  apiKeys?: ApiKeys;
  /** Absent: the server records no traces. */
  tracer?: Tracer | undefined;
  /** The metrics to which the requests are added. Default: none. */
  metrics?: Metrics;
}

/**
 * Creates a Fastify server that answers every error as problem+json, validates parameters by zod schemas, and disconnects
 * slow clients. Handlers throw `InvalidInput`, `LimitExceeded` and `Unavailable`. Any other error is a 500, and its message is only logged.
 */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { logger, closeWaitMs = 15_000, browsers = {}, apiKeys, metrics } = options;
  const { trustedProxies = [], maxConnections, maxStallMs, tracer } = options;
  const server: FastifyInstance = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }), // writing a log line costs more than a request
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    childLoggerFactory: (_parent, _names, _options, raw) =>
      new RequestLogger(logger, namesOf(raw)) as FastifyBaseLogger,
    genReqId: (raw) => namesOf(raw).requestId,
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
    clientErrorHandler: (error, socket) => answerClientError(error, socket, { logger, countUnread }),
    frameworkErrors: (error, request, reply) => {
      void refuse(reply, describeError(refusalOf(request, reply, apiKeys) ?? error, reply));
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
  const refusals = new RefusalReports(logger);
  const refuse = (reply: FastifyReply, problem: Problem, send = sendProblem) => {
    refusals.report(reply.request, problem);
    reply.request.span?.set({ "error.type": problem.code });
    return send(reply, problem);
  };
  readTraces(server);
  server.addHook("onRequest", sendRequestId);
  server.addHook("onRequest", requireWellFormed);
  refuseExpectations(server.server, countUnread);
  if (browsers !== "forwarded") registerBrowserRules(server, browsers, { hasKeys: apiKeys !== undefined });
  registerAccess(server, apiKeys);
  if (tracer !== undefined) recordTraces(server, tracer);
  server.setErrorHandler(async (error, request, reply) => {
    // The client has left, which is not an error of the service. Fastify still needs an answer.
    if (request.raw.readableAborted) {
      request.log.debug(describeRequest(request), "the client left before its request was complete");
      return sendProblem(reply, incompleteRequest());
    }
    if (!request.raw.complete) await dropBody(request.raw);
    // Fastify may report another error of a request to an unknown route. The method QUERY, for example, requires a content type.
    const isUnknownRoute = request.is404 && problemOf(error) === undefined;
    const problem = isUnknownRoute ? unknownRoute(findMethods, request, reply) : describeError(error, reply);
    return refuse(reply, problem, request.raw.complete ? sendProblem : sendAndClose);
  });
  const findMethods = rememberRoutes(server);
  server.setNotFoundHandler((request, reply) => refuse(reply, unknownRoute(findMethods, request, reply)));
  disconnectWhileClosing(server, closeWaitMs);
  paceAnswers(server, { maxStallMs });
  if (maxConnections !== undefined) limitConnections(server.server, { maxConnections, logger });
  return server;
}

// A request may be on its way over a connection that looks idle, and closing the connection at once would lose it.
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

/** Returns the problem of an error, logs an error that is our own bug, and sets `Retry-After`. */
function describeError(error: unknown, reply: FastifyReply): Problem {
  if (error instanceof Unavailable) reply.header("retry-after", jitterRetryAfter(error.retryAfterSeconds));
  if (error instanceof LimitExceeded) reply.header("retry-after", Math.ceil(error.retryAfterSeconds));
  const problem = problemOf(error) ?? problemOfFastify(error, reply);
  if (problem !== undefined) return problem;
  reply.log.error({ err: error, ...describeRequest(reply.request) }, "request failed");
  return createProblem(500, "internal_error", "an internal error; the service has logged the details");
}

function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
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
