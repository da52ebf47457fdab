import { InvalidInput } from "@tidemark/domain/errors";
import type { Signer } from "@tidemark/domain/signer";
import { ConsumerHeartbeats } from "@tidemark/event-log/consumer-heartbeats";
import type { EventLog } from "@tidemark/event-log/event-log";
import type { Signals } from "@tidemark/event-log/signals";
import { publish } from "@tidemark/http-api/operations/publish-api";
import { readPreferences } from "@tidemark/http-api/prefer";
import { shorten } from "@tidemark/json/shorten";
import { clientOf } from "@tidemark/runtime/access/client";
import { RateLimiter, type Rates } from "@tidemark/runtime/limits/rate-limiter";
import { Metrics } from "@tidemark/telemetry/metrics/metrics";
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from "fastify";
import { answerPublish, chooseWaitMs } from "./answer-publish.ts";
import { Bodies } from "./body/bodies.ts";
import { type ContentEncoding, readContentEncoding, SUPPORTED_ENCODINGS } from "./body/content-encoding.ts";
import { Turns } from "./body/turns.ts";
import { appendRequest } from "./frames/append-request.ts";
import { FrameWriter } from "./frames/frame-writer.ts";
import { PendingVerdicts } from "./frames/pending-verdicts.ts";
import { createGatewayMetrics } from "./gateway-metrics.ts";
import { startHeartbeats } from "./heartbeats.ts";
import { readFormat, readIntake } from "./intake/formats.ts";
import { countRefusals, Refusals } from "./refusals.ts";

export interface GatewayOptions {
  eventLog: Pick<EventLog, "append" | "maxFrameBytes">;
  signals: Pick<Signals, "address" | "onVerdicts" | "onHeartbeat" | "sendGatewayHeartbeat">;
  /** Signs receipts. */
  signer: Signer;
  /** Default: metrics that no route shows. */
  metrics?: Metrics;
  maxBatchEvents: number;
  maxBodyBytes: number;
  /** The limits for each client whose key has none; 0: no limit. Default: no limits. */
  rateLimits?: Rates;
  /** The time that a request waits for its verdicts unless it asks for another time. */
  publishWaitMs: number;
  /** The time that requests wait for their verdicts after the process begins to stop. */
  closeWaitMs: number;
  maxFrameEvents?: number;
  /**
   * The answer to a request whose verdicts do not arrive in time. `receipt`: 202 and a receipt, because the log keeps its
   * events in any case. `unknown`: 503 `outcome_unknown`, because this log is memory.
   */
  onVerdictTimeout: "receipt" | "unknown";
}

// A consumer applies up to three such frames in one transaction.
const MAX_FRAME_EVENTS = 1_000;
const MAX_FRAME_BYTES = 512 * 1024;
const MAX_WAIT_FOR_ROOM_MS = 1_000;
const MAX_PENDING_MS = 5_000;

// The validation of a smaller body takes less than 10 ms with any content.
const LARGE_BODY_BYTES = 8 * 1024;

/** Serves `POST /publish`. */
export function registerGateway(server: FastifyInstance, options: GatewayOptions): void {
  const { signals, signer, maxBodyBytes, maxBatchEvents, publishWaitMs, onVerdictTimeout } = options;
  const metrics = createGatewayMetrics(options.metrics ?? new Metrics());
  const refusals = new Refusals();
  const eventLog = metrics.measureAppends(startHeartbeats(server, { ...options, refusals }));
  const pendingVerdicts = new PendingVerdicts();
  const heartbeats = new ConsumerHeartbeats(signals);
  signals.onVerdicts((message) => pendingVerdicts.settle(message));
  const frames = new FrameWriter({
    eventLog,
    pendingVerdicts,
    signals,
    isStoreDown: () => !heartbeats.isVerdictLikely(Number.POSITIVE_INFINITY),
    maxFrameEvents: options.maxFrameEvents ?? MAX_FRAME_EVENTS,
    maxFrameBytes: MAX_FRAME_BYTES,
    maxWaitForRoomMs: MAX_WAIT_FOR_ROOM_MS,
    maxPendingMs: MAX_PENDING_MS,
  });
  const bodies = new Bodies({ maxBodyBytes, maxWaitMs: MAX_WAIT_FOR_ROOM_MS });
  const turns = new Turns();
  const rateLimiter = new RateLimiter(options.rateLimits ?? { eventsPerSecond: 0, bytesPerSecond: 0 });

  void server.register(async (scope) => {
    passBodyThrough(scope);
    countRefusals(scope, refusals);
    scope.addHook("preClose", () => pendingVerdicts.stopWaiting(options.closeWaitMs));
    const routeOptions = { config: { scope: publish.scope } };
    const publishEvents: RouteHandlerMethod = async (request, reply) => {
      refuseParameters(request);
      const { headers } = request;
      const client = clientOf(request);
      const limits = rateLimiter.enter(client, reply);
      limits.checkAhead(Number(headers["content-length"] ?? 0));
      const encoding = encodingOf(headers["content-encoding"], reply);
      const format = readFormat(headers);
      const preferences = readPreferences(headers.prefer);
      const closed = new Promise((resolve) => reply.raw.once("close", resolve));
      const head = { clientId: client.id, encoding, declaredBytes: headers["content-length"] };
      const room = bodies.enter(head);
      try {
        const body = await bodies.read(request.raw, room, head);
        limits.takeBytes(body.length);
        if (body.length > LARGE_BODY_BYTES) await turns.next();
        if (request.raw.socket.destroyed) {
          request.log.debug("the client left before its events were taken");
          return reply;
        }

        const isLenient = preferences.handling === "lenient";
        const wantsEntries = preferences.return === "representation";
        const mayReach = client.topics && client.mayReach;
        const options = { maxBatchEvents, isLenient, wantsEntries, mayReach };
        const intake = readIntake(body, { format, message: request.raw, ...options });
        limits.takeEvents(intake.count);
        metrics.noteRequest(intake.count);
        const receivedAtMs = Date.now(); // the wait begins after the body, so that a slow sender also gets its whole time
        const waitMs = chooseWaitMs({ publishWaitMs, onVerdictTimeout, preferences, heartbeats });

        const { part, verdicts } = await appendRequest(frames, request, { ...intake, receivedAtMs, waitMs });
        answerPublish(reply, {
          onVerdictTimeout,
          signer,
          client,
          preferences,
          intake,
          part,
          verdicts,
          receivedAtMs,
          waitMs,
        });
        await closed; // an answer that its client does not read stays in memory
        if (!reply.raw.writableFinished) request.log.debug("the client left before its answer");
      } finally {
        room.release(); // even after the client has left, because the body was in memory until then
      }
      return reply;
    };
    scope.post("/publish", routeOptions, publishEvents);
    scope.post("/publish/", routeOptions, publishEvents); // some senders add a slash to every address
  });
}

/** @throws {InvalidInput} `invalid_parameter` for any, because the route has none */
function refuseParameters({ url, query }: FastifyRequest): void {
  const [name] = url.includes("?") ? Object.keys(query as object) : [];
  if (name === undefined) return;
  const detail = `this path has no parameters, and the query has ${JSON.stringify(shorten(name))}`;
  throw new InvalidInput({ code: "invalid_parameter", status: 400, detail });
}

/** Leaves the body of each request unread for its handler. */
function passBodyThrough(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  // JSON is registered by its name as well, because Fastify parses the header of any other type again for each request.
  scope.addContentTypeParser(["application/json", "*"], (_request, _body, done) => done(null));
}

/** @throws {InvalidInput} 415, with an answer that names the supported encodings */
function encodingOf(header: string | undefined, reply: FastifyReply): ContentEncoding | undefined {
  try {
    return readContentEncoding(header);
  } catch (error) {
    reply.header("accept-encoding", SUPPORTED_ENCODINGS);
    throw error;
  }
}
