import type { Readable } from "node:stream";
import { InvalidInput } from "@tidemark/domain/errors";
import { readPreferences } from "@tidemark/http-api/prefer";
import { ByteBudget, type Room } from "@tidemark/runtime/byte-budget";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { answerPublish } from "./answer-publish.ts";
import { readBody } from "./body.ts";
import {
  type ContentEncoding,
  decodeBody,
  MAX_DECODER_BYTES,
  readContentEncoding,
  TAKEN_ENCODINGS,
} from "./content-encoding.ts";
import { type Format, readFormat, readIntake } from "./formats.ts";
import { FrameWriter } from "./frame-writer.ts";
import type { GatewayLog, GatewaySignals } from "./late-log.ts";
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

// A consumer applies up to three such frames in one transaction.
const MAX_FRAME_EVENTS = 1_000;
const MAX_FRAME_BYTES = 512 * 1024;
const MIN_BYTES_IN_FLIGHT = 64 * 1024 * 1024;
const MAX_WAIT_FOR_ROOM_MS = 1_000;
const MAX_PENDING_MS = 5_000;

/** Serves `POST /publish`: parse, validate, append, wait for the verdicts. */
export function registerGateway(server: FastifyInstance, options: GatewayOptions): void {
  const desk = new VerdictDesk();
  const watch = new StoreWatch();
  options.signals.onVerdicts((message) => desk.settle(message));
  options.signals.onHeartbeat((heartbeat) => watch.hear(heartbeat));
  const writer = new FrameWriter({
    log: options.log,
    desk,
    signals: options.signals,
    isStoreDown: () => watch.isStoreDown(),
    maxFrameEvents: options.maxFrameEvents ?? MAX_FRAME_EVENTS,
    maxFrameBytes: MAX_FRAME_BYTES,
    maxWaitForRoomMs: MAX_WAIT_FOR_ROOM_MS,
    maxPendingMs: MAX_PENDING_MS,
  });
  const budget = new ByteBudget({
    maxBytes: Math.max(MIN_BYTES_IN_FLIGHT, 4 * options.maxBodyBytes),
    maxWaitMs: MAX_WAIT_FOR_ROOM_MS,
  });

  const decoders = new ByteBudget({ maxBytes: MAX_DECODER_BYTES, maxWaitMs: MAX_WAIT_FOR_ROOM_MS });
  const readWhole = async (request: FastifyRequest, body: Readable): Promise<Buffer> => {
    const { maxBodyBytes } = options;
    const { encoding, room } = envelopeOf(request);
    const bytes = await readBody(body, { declaredBytes: request.headers["content-length"], maxBodyBytes, room });
    if (encoding === undefined) return bytes;
    const decoding = decodeBody(bytes, { encoding, maxBodyBytes, room, decoders });
    request.working = decoding.catch(() => undefined);
    const decoded = await decoding;
    if (request.raw.socket.destroyed) throw clientLeft(); // its room is given back
    room.shrinkTo(decoded.length);
    return decoded;
  };

  void server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // By its name, too: for any other Fastify takes the header apart again at each request.
    scope.addContentTypeParser(["application/json", "*"], readWhole);
    scope.decorateRequest("envelope", null);
    scope.decorateRequest("working", null);
    scope.addHook("onRequest", (request, reply, done) => {
      const encoding = encodingOf(request, reply);
      const format = readFormat(request.headers);
      request.envelope = { encoding, format, room: enter(budget, request, reply) };
      done();
    });
    scope.addHook("preClose", () => desk.stopWaiting(options.closeWaitMs));
    scope.post("/publish", async (request, reply) => {
      const preferences = readPreferences(request.headers.prefer);
      const intake = readIntake(bodyOf(request), {
        format: envelopeOf(request).format,
        message: request.raw,
        maxBatchEvents: options.maxBatchEvents,
        isLenient: preferences.handling === "lenient",
        wantsEntries: preferences.return === "representation",
      });
      const takenAtMs = Date.now(); // its waits begin now, however long it took to read
      const appended = writer.append({ ...intake, takenAtMs, ...traceOf(request) });
      request.working = appended.catch(() => undefined);
      const placement = await appended;
      try {
        return await answerPublish(reply, { options, watch, preferences, intake, placement, takenAtMs });
      } finally {
        placement.verdicts.close();
      }
    });
  });
}

/** What the headers of a publish request say of its body. */
interface Envelope {
  encoding: ContentEncoding | undefined;
  format: Format;
  /** What the request holds of the bytes in flight. */
  room: Room;
}

declare module "fastify" {
  interface FastifyRequest {
    envelope: Envelope | null;
    /** Settles when a publish request's body is decoded, then when its events are in the log, or refused. */
    working: Promise<unknown> | null;
  }
}

function envelopeOf({ envelope }: FastifyRequest): Envelope {
  if (envelope === null) throw new Error("a publish request whose headers nobody has read");
  return envelope;
}

/** @throws {InvalidInput} 415, beside which the answer says what is taken */
function encodingOf({ headers }: FastifyRequest, reply: FastifyReply): ContentEncoding | undefined {
  try {
    return readContentEncoding(headers["content-encoding"]);
  } catch (error) {
    reply.header("accept-encoding", TAKEN_ENCODINGS);
    throw error;
  }
}

/** Room for the body's bytes from when they arrive (what is only announced holds none) until the connection is done with the answer and the log has the events. */
function enter(budget: ByteBudget, request: FastifyRequest, reply: FastifyReply): Room {
  const room = budget.enter();
  reply.raw.once("close", () => {
    // The body is in memory until the log has it, also when its client has gone.
    void Promise.resolve(request.working).finally(() => room.release());
  });
  return room;
}

const NOTHING = Buffer.alloc(0);

/** Fastify asks no parser where there is neither a body nor a content type: a CloudEvent may be all headers. */
function bodyOf({ body }: FastifyRequest): Buffer {
  return Buffer.isBuffer(body) ? body : NOTHING;
}

function clientLeft(): InvalidInput {
  return new InvalidInput({ code: "bad_request", status: 400, detail: "the client has left" });
}

function traceOf(request: FastifyRequest): { traceparent?: string } {
  const traceparent = request.headers.traceparent;
  return typeof traceparent === "string" && /^[0-9a-f-]{55}$/.test(traceparent) ? { traceparent } : {};
}
