import { randomUUID } from "node:crypto";
import { InvalidInput, Unavailable } from "@tidemark/domain/errors";
import type { Frame } from "@tidemark/domain/frame";
import { type Intake, joinWithCommas } from "./intake.ts";
import type { GatewayLog, GatewaySignals } from "./late-log.ts";
import type { VerdictDesk, VerdictSlot } from "./verdict-desk.ts";

export interface FrameWriterOptions {
  log: Pick<GatewayLog, "append" | "maxFrameBytes">;
  desk: VerdictDesk;
  /** Whose address the verdicts are to be sent to. */
  signals: Pick<GatewaySignals, "address">;
  /** Whether no running consumer reaches the store: a full log then makes no room. */
  isStoreDown: () => boolean;
  /** A frame is closed when the next request would take it beyond either; a larger request has a frame of its own. */
  maxFrameEvents: number;
  maxFrameBytes: number;
  /** How long a request waits for room in a full log. */
  maxWaitForRoomMs: number;
  /** How long a request waits for its turn behind frames that the log is slow to confirm. */
  maxPendingMs: number;
}

/** Where a request's events stand, once the log has confirmed them. */
export interface Placement {
  frameId: string;
  firstEvent: number;
  verdicts: VerdictSlot;
}

export interface Appended extends Intake {
  takenAtMs: number;
  traceparent?: string;
}

interface Pending extends Appended {
  resolve: (placement: Placement) => void;
  reject: (error: unknown) => void;
}

// Room in a full queue shows within a batch's time; a stream that stays full is not sent the same frame all the time.
const FIRST_ROOM_POLL_MS = 10;
const MAX_ROOM_POLL_MS = 250;

/**
 * Gathers the requests of all connections into frames: group commit at the near end. One frame is on its way at a time;
 * what comes in meanwhile is the next one. So an idle gateway publishes at once, a busy one in large frames, and no timer
 * decides. With two on their way each would hold fewer requests.
 */
export class FrameWriter {
  readonly #options: FrameWriterOptions;
  readonly #pending: Pending[] = [];
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
  append(request: Appended): Promise<Placement> {
    const limit = this.#options.log.maxFrameBytes - 2; // the brackets around the events
    if (request.events.length > limit) {
      const detail = `the events are ${request.events.length} bytes in their stored form, the log takes ${limit}`;
      return Promise.reject(new InvalidInput({ code: "body_too_large", status: 413, detail }));
    }
    const placement = new Promise<Placement>((resolve, reject) => {
      this.#pending.push({ ...request, resolve, reject });
    });
    if (!this.#isWriting) void this.#writeAll();
    return placement;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    // Requests that the event loop is about to hand over in this turn belong into the first frame too.
    await new Promise((resolve) => setImmediate(resolve));
    for (let requests = this.#nextRequests(); requests.length > 0; requests = this.#nextRequests()) {
      await this.#write(requests);
    }
    this.#isWriting = false; // in the same turn as the last look at what is pending
  }

  #nextRequests(): Pending[] {
    this.#refuseOverdue();
    const { maxFrameEvents, maxFrameBytes } = this.#options;
    let events = 0;
    let bytes = 0;
    const end = this.#pending.findIndex((request, index) => {
      events += request.count;
      bytes += request.events.length + 1;
      return index > 0 && (events > maxFrameEvents || bytes > maxFrameBytes);
    });
    return this.#pending.splice(0, end < 0 ? this.#pending.length : end);
  }

  #refuseOverdue(): void {
    const overdue = Date.now() - this.#options.maxPendingMs;
    const isOverdue = () => (this.#pending[0]?.takenAtMs ?? overdue) < overdue;
    const detail = "the log is slow; nothing was taken";
    while (isOverdue()) this.#pending.shift()?.reject(new Unavailable({ code: "overloaded", detail }));
  }

  async #write(requests: Pending[]): Promise<void> {
    const frame = this.#frameOf(requests);
    const verdicts = this.#options.desk.open(frame.id); // before the append: verdicts may overtake its confirmation
    try {
      await this.#appendWithRoom(frame);
    } catch (error) {
      verdicts.close();
      for (const request of requests) request.reject(error);
      return;
    }
    let open = requests.length;
    const shared: VerdictSlot = {
      wait: verdicts.wait,
      close: () => {
        if (--open === 0) verdicts.close();
      },
    };
    let firstEvent = 0;
    for (const request of requests) {
      request.resolve({ frameId: frame.id, firstEvent, verdicts: shared });
      firstEvent += request.count;
    }
  }

  #frameOf(requests: Pending[]): Frame {
    const traceparent = requests.find((request) => request.traceparent !== undefined)?.traceparent;
    return {
      id: randomUUID(),
      requests: requests.map(({ count }) => count),
      replyTo: this.#options.signals.address,
      receivedAtMs: (requests[0] as Pending).takenAtMs,
      ...(traceparent === undefined ? {} : { traceparent }),
      events: Buffer.concat([OPEN, joinWithCommas(requests.map(({ events }) => events)), CLOSE]),
    };
  }

  /** A full log is asked again until the frame's first request has waited long enough; nothing of it is taken before. */
  async #appendWithRoom(frame: Frame): Promise<void> {
    const waitUntil = frame.receivedAtMs + this.#options.maxWaitForRoomMs;
    for (let pauseMs = FIRST_ROOM_POLL_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_ROOM_POLL_MS)) {
      try {
        return await this.#options.log.append(frame);
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

// About the time in which a database is started again.
const STORE_DOWN_SECONDS = 30;

function fullUntilStoreIsUp({ code, message: detail, cause }: Unavailable): Unavailable {
  return new Unavailable({ code, detail, cause, retryAfterSeconds: STORE_DOWN_SECONDS });
}

const OPEN = Buffer.from("[");
const CLOSE = Buffer.from("]");
