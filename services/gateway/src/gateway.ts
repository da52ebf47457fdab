import type { Readable } from "node:stream";
import { ByteBudget, type Room } from "@tidemark/shared/byte-budget";
import { InvalidInput, Unavailable } from "@tidemark/shared/errors";
import { publishAnswer } from "@tidemark/shared/http-api/publish-answer";
import { type Preferences, readPreferences } from "@tidemark/shared/prefer";
import { encodeReceipt } from "@tidemark/shared/receipt";
import { countVerdicts } from "@tidemark/shared/verdict";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { readBody } from "./body.ts";
import { FrameWriter, type Placement } from "./frame-writer.ts";
import { type Intake, readIntake } from "./intake.ts";
import type { GatewayLog, GatewaySignals } from "./late-log.ts";
import { RetryAdvice } from "./retry-advice.ts";
import { StoreWatch } from "./store-watch.ts";
import { VerdictDesk } from "./verdict-desk.ts";

export interface GatewayOptions {
  log: GatewayLog;
  signals: GatewaySignals;
  maxBatchEvents: number;
  maxBodyBytes: number;
  /** How long a request waits for its verdicts unless it asks for another time. */
  publishWaitMs: number;
  /** How long requests wait for their verdicts once the process is told to stop. */
  closeWaitMs: number;
  maxFrameEvents?: number;
  /**
   * What a request gets whose verdicts are late. `receipt`: 202 and a receipt, for the log keeps its events whatever
   * happens. `unknown`: 503 `outcome_unknown`, for this log is memory.
   */
  whenLate: "receipt" | "unknown";
}

// The knee of the store's insert speed (docs/design.md).
const MAX_FRAME_EVENTS = 1_000;
const MAX_FRAME_BYTES = 512 * 1024;
const MIN_BYTES_IN_FLIGHT = 64 * 1024 * 1024;
const MAX_WAIT_FOR_ROOM_MS = 1_000;
const MAX_PENDING_MS = 5_000;
const MAX_WAIT_SECONDS = 60;

/** Serves `POST /publish`: parse, validate, append, wait for the verdicts. */
export function registerGateway(server: FastifyInstance, options: GatewayOptions): void {
  const desk = new VerdictDesk();
  const watch = new StoreWatch();
  const advice = new RetryAdvice({ log: options.log, watch });
  options.signals.onVerdicts((message) => desk.settle(message));
  options.signals.onHeartbeat((heartbeat) => watch.hear(heartbeat));
  const writer = new FrameWriter({
    log: options.log,
    desk,
    signals: options.signals,
    maxFrameEvents: options.maxFrameEvents ?? MAX_FRAME_EVENTS,
    maxFrameBytes: MAX_FRAME_BYTES,
    maxWaitForRoomMs: MAX_WAIT_FOR_ROOM_MS,
    maxPendingMs: MAX_PENDING_MS,
  });
  const budget = new ByteBudget({
    maxBytes: Math.max(MIN_BYTES_IN_FLIGHT, 4 * options.maxBodyBytes),
    maxWaitMs: MAX_WAIT_FOR_ROOM_MS,
  });

  void server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("application/json", async (request: FastifyRequest, body: Readable) =>
      readBody(body, {
        declaredBytes: request.headers["content-length"],
        maxBodyBytes: options.maxBodyBytes,
        room: request.room as Room,
      }),
    );
    scope.decorateRequest("room", null);
    scope.decorateRequest("appending", null);
    scope.addHook("onRequest", async (request, reply) => {
      refuseEncoding(request);
      request.room = enter(budget, request, reply);
    });
    scope.addHook("preClose", () => desk.stopWaiting(options.closeWaitMs));
    scope.post("/publish", async (request, reply) => {
      const intake = readIntake(bodyOf(request), options);
      const takenAtMs = Date.now(); // its waits begin now, however long it took to read
      const preferences = readPreferences(request.headers.prefer);
      const appended = writer.append({ ...intake, takenAtMs, ...traceOf(request) });
      request.appending = appended.catch(() => undefined);
      const placement = await appended.catch((error: unknown) => advice.rethrow(error));
      try {
        return await answer(reply, { options, watch, preferences, intake, placement, takenAtMs });
      } finally {
        placement.verdicts.close();
      }
    });
  });
}

function refuseEncoding(request: FastifyRequest): void {
  const encoding = request.headers["content-encoding"];
  if (encoding === undefined || encoding.toLowerCase() === "identity") return;
  const detail = `the content encoding ${JSON.stringify(encoding)} is not taken here`;
  throw new InvalidInput({ code: "unsupported_encoding", status: 415, detail });
}

declare module "fastify" {
  interface FastifyRequest {
    /** What a publish request holds of the bytes in flight. */
    room: Room | null;
    /** Settles when a publish request's events are in the log, or refused. */
    appending: Promise<unknown> | null;
  }
}

/** Room for the body's bytes from when they arrive (what is only announced holds none) until the connection is done with the answer and the log has the events. */
function enter(budget: ByteBudget, request: FastifyRequest, reply: FastifyReply): Room {
  const room = budget.enter();
  reply.raw.once("close", () => {
    // The body is in memory until the log has it, also when its client has gone.
    void Promise.resolve(request.appending).finally(() => room.release());
  });
  return room;
}

function bodyOf(request: FastifyRequest): Buffer {
  if (Buffer.isBuffer(request.body)) return request.body;
  const detail = "a content type is missing; send application/json";
  throw new InvalidInput({ code: "unsupported_media_type", status: 415, detail });
}

function traceOf(request: FastifyRequest): { traceparent?: string } {
  const traceparent = request.headers.traceparent;
  return typeof traceparent === "string" && /^[0-9a-f-]{55}$/.test(traceparent) ? { traceparent } : {};
}

interface Taken {
  options: GatewayOptions;
  watch: StoreWatch;
  preferences: Preferences;
  intake: Intake;
  placement: Placement;
  takenAtMs: number;
}

async function answer(reply: FastifyReply, taken: Taken): Promise<FastifyReply> {
  const { options, intake, placement, preferences } = taken;
  const willWaitMs = waitMs(taken);
  const verdicts = await placement.verdicts.wait(willWaitMs);
  const applied = appliedPreferences(preferences, options, willWaitMs);
  if (applied !== undefined) reply.header("preference-applied", applied);
  if (verdicts !== undefined) {
    const counts = countVerdicts(verdicts, placement.firstEvent, placement.firstEvent + intake.count);
    return sendJson(reply, 200, publishAnswer(counts));
  }
  if (options.whenLate === "unknown") {
    const detail = "the store did not confirm in time; the events may have been stored, and sending them again is safe";
    throw new Unavailable({ code: "outcome_unknown", detail });
  }
  const receipt = encodeReceipt({ ...placement, count: intake.count, takenAtMs: taken.takenAtMs });
  reply.header("location", `/receipts/${receipt}`);
  const none = { accepted: 0, duplicates: 0, conflicts: 0, deadLettered: 0 };
  return sendJson(reply, 202, publishAnswer({ ...none, pending: intake.count }));
}

/** How long to wait for the verdicts; not at all where they are known not to come in that time. */
function waitMs({ options, preferences, watch }: Taken): number {
  const waitMs = preferredWaitMs(preferences) ?? options.publishWaitMs;
  if (options.whenLate === "unknown") return Math.max(waitMs, options.publishWaitMs);
  return !preferences.respondAsync && watch.isVerdictLikely(waitMs) ? waitMs : 0;
}

function preferredWaitMs({ waitSeconds }: Preferences): number | undefined {
  return waitSeconds === undefined ? undefined : Math.min(waitSeconds, MAX_WAIT_SECONDS) * 1_000;
}

/** The preferences that were honoured: not a wait of another length, or one that was known to be in vain. */
function appliedPreferences(
  preferences: Preferences,
  { whenLate }: GatewayOptions,
  willWaitMs: number,
): string | undefined {
  if (preferences.respondAsync && whenLate === "receipt") return "respond-async";
  return preferredWaitMs(preferences) === willWaitMs ? `wait=${willWaitMs / 1_000}` : undefined;
}

function sendJson(reply: FastifyReply, status: number, body: object): FastifyReply {
  // A string: Fastify sends it as it is.
  return reply.code(status).header("content-type", "application/json; charset=utf-8").send(JSON.stringify(body));
}
