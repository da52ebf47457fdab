import { randomUUID } from "node:crypto";
import { InvalidInput, Unavailable } from "@tidemark/domain/errors";
import type { Frame } from "@tidemark/domain/frame";
import { chooseContexts } from "@tidemark/domain/request-context";
import type { TraceContext } from "@tidemark/domain/trace-context";
import type { Verdicts } from "@tidemark/domain/verdict";
import type { EventLog } from "@tidemark/event-log/event-log";
import type { Signals } from "@tidemark/event-log/signals";
import { type Intake, joinWithCommas } from "../intake/intake.ts";
import { FramePace } from "./frame-pace.ts";
import { type PendingVerdicts, waitForVerdicts } from "./pending-verdicts.ts";

export interface FrameWriterOptions {
  eventLog: Pick<EventLog, "append" | "maxFrameBytes">;
  pendingVerdicts: PendingVerdicts;
  /** The address that the verdicts are to be sent to. */
  signals: Pick<Signals, "address">;
  /** Whether no running consumer reaches the store, so that a full log gets no room. */
  isStoreDown: () => boolean;
  /** A frame is closed when the next request would exceed either limit. A larger request has its own frame. */
  maxFrameEvents: number;
  maxFrameBytes: number;
  /** The time that a request waits for room in a full log. */
  maxWaitForRoomMs: number;
  /** The time that a request waits for its turn while the log confirms other frames slowly. */
  maxPendingMs: number;
}

/** The events of one request, to be appended. */
export interface FrameRequest extends Intake {
  receivedAtMs: number;
  /** The time to wait for the verdicts once the events are in the log. */
  waitMs: number;
  /** The names by which logs and traces know the request. */
  context: { requestId: string; trace?: TraceContext | undefined };
}

/** The part of a frame that holds the events of one request. The log has confirmed it. */
export interface FramePart {
  frameId: string;
  /** The index of the request's first event in the frame. */
  firstEvent: number;
  /** The verdicts of the whole frame; undefined when they did not arrive while the request waited. */
  verdicts: Promise<Verdicts | undefined>;
}

interface QueuedRequest extends FrameRequest {
  resolve: (part: FramePart) => void;
  reject: (error: unknown) => void;
}

// Consumers make room in a full queue within the time of a batch. A stream that stays full must not be tried too often.
const FIRST_ROOM_POLL_MS = 10;
const MAX_ROOM_POLL_MS = 250;

/**
 * Collects the requests of all connections into frames (a group commit). It has two states, idle and writing. While it
 * is writing, one frame is on its way to the log, and the requests that arrive meanwhile form the next one, at a moment
 * that `FramePace` chooses. An idle gateway therefore appends at once, and a busy one appends large frames. Two frames on
 * their way to the log at a time would hold fewer requests each.
 */
export class FrameWriter {
  readonly #options: FrameWriterOptions;
  readonly #queue: QueuedRequest[] = [];
  readonly #waiting = { requests: 0, events: 0, bytes: 0 };
  readonly #pace = new FramePace(this.#waiting);
  #isWriting = false;

  constructor(options: FrameWriterOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the log has confirmed the request's events, all in one frame.
   *
   * @throws {InvalidInput} 413 when they are too large for a frame of this log
   * @throws {Unavailable} as `EventLog.append`
   */
  async append(request: FrameRequest): Promise<FramePart> {
    const limit = this.#options.eventLog.maxFrameBytes - 2; // the brackets around the events
    if (request.events.length > limit) {
      const detail = `the events are ${request.events.length} bytes in their stored form, the limit of the log is ${limit}`;
      throw new InvalidInput({ code: "body_too_large", status: 413, detail });
    }
    return new Promise<FramePart>((resolve, reject) => {
      this.#queue.push({ ...request, resolve, reject });
      this.#waiting.requests = this.#queue.length;
      this.#waiting.events += request.count;
      this.#waiting.bytes += request.events.length;
      if (this.#isWriting) this.#pace.noteArrival();
      else void this.#writeAll();
    });
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    // The first frame also takes the other requests that arrive in this turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      await this.#pace.untilDue();
      const requests = this.#nextRequests();
      if (requests.length > 0) await this.#write(requests);
    }
    this.#isWriting = false; // in the same turn in which the queue was found empty
  }

  #nextRequests(): QueuedRequest[] {
    this.#refuseOverdue();
    const { maxFrameEvents, maxFrameBytes } = this.#options;
    let events = 0;
    let bytes = 0;
    const end = this.#queue.findIndex((request, index) => {
      events += request.count;
      bytes += request.events.length + 1;
      return index > 0 && (events > maxFrameEvents || bytes > maxFrameBytes);
    });
    return this.#dequeue(end < 0 ? this.#queue.length : end);
  }

  #dequeue(count: number): QueuedRequest[] {
    const requests = this.#queue.splice(0, count);
    this.#waiting.requests = this.#queue.length;
    for (const { count, events } of requests) {
      this.#waiting.events -= count;
      this.#waiting.bytes -= events.length;
    }
    return requests;
  }

  #refuseOverdue(): void {
    const overdue = Date.now() - this.#options.maxPendingMs;
    const detail = "the log confirms too slowly; none of the events was taken";
    while ((this.#queue[0]?.receivedAtMs ?? overdue) < overdue) {
      this.#dequeue(1)[0]?.reject(new Unavailable({ code: "overloaded", detail }));
    }
  }

  async #write(requests: QueuedRequest[]): Promise<void> {
    const { pendingVerdicts } = this.#options;
    const frame = this.#frameOf(requests);
    const verdicts = pendingVerdicts.expect(frame.id);
    try {
      await this.#appendWithRoom(frame);
    } catch (error) {
      pendingVerdicts.forget(frame.id);
      for (const request of requests) request.reject(error);
      return;
    }
    let firstEvent = 0;
    const waits = requests.map(({ resolve, waitMs, count }) => {
      const wait = waitForVerdicts(verdicts, waitMs);
      resolve({ frameId: frame.id, firstEvent, verdicts: wait });
      firstEvent += count;
      return wait;
    });
    const decided = Promise.all(waits).then(() => pendingVerdicts.forget(frame.id));
    void this.#pace.noteFrame(requests.length, decided);
  }

  #frameOf(requests: QueuedRequest[]): Frame {
    const contexts = requests.map(({ context: { requestId, trace } }, request) => {
      return { request, requestId, ...(trace && { trace }) };
    });
    return {
      id: randomUUID(),
      requests: requests.map(({ count }) => count),
      replyTo: this.#options.signals.address,
      receivedAtMs: (requests[0] as QueuedRequest).receivedAtMs,
      contexts: chooseContexts(contexts),
      events: Buffer.concat([OPEN, joinWithCommas(requests.map(({ events }) => events)), CLOSE]),
    };
  }

  /**
   * Tries a full log again until the wait of the frame's first request ends. The log has taken nothing of a refused
   * frame.
   */
  async #appendWithRoom(frame: Frame): Promise<void> {
    const waitUntil = frame.receivedAtMs + this.#options.maxWaitForRoomMs;
    for (let pauseMs = FIRST_ROOM_POLL_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_ROOM_POLL_MS)) {
      try {
        await this.#options.eventLog.append(frame);
        return;
      } catch (error) {
        if (!isFull(error)) throw error;
        if (Date.now() >= waitUntil) throw this.#options.isStoreDown() ? fullUntilStoreIsUp(error) : error;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }
}

function isFull(error: unknown): error is Unavailable {
  return error instanceof Unavailable && (error.code === "queue_full" || error.code === "log_full");
}

// A restart of a database takes about this time.
const STORE_DOWN_SECONDS = 30;

function fullUntilStoreIsUp({ code, message: detail, cause }: Unavailable): Unavailable {
  return new Unavailable({ code, detail, cause, retryAfterSeconds: STORE_DOWN_SECONDS });
}

const OPEN = Buffer.from("[");
const CLOSE = Buffer.from("]");
