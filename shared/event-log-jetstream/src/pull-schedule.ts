/** A pull request: the limits of messages and of bytes that the server may send for it. */
export interface PullRequest {
  number: number;
  frames: number;
  bytes: number;
}

export interface BufferState {
  /** Frames in the buffer. */
  frames: number;
  /** Bytes in the buffer. */
  bytes: number;
  /** The size of the largest message that the server accepts. */
  maxMessageBytes: number;
}

// A second transaction waits for half of these messages if each frame holds one event (docs/decisions/0007). The limit
// is not larger, so that other consumers get work as well.
const MAX_BUFFERED_FRAMES = 1_000;
const MIN_BUFFER_BYTES = 32 * 1024 * 1024;
/** The interval at which the server confirms that a pull request is alive. */
export const HEARTBEAT_MS = 2_000;
// The request is then lost, for example because the leader of the consumer has moved.
const SILENCE_MS = 2.5 * HEARTBEAT_MS;

const STATUS_HEARTBEAT = 100;
/** The statuses of a pull request that expired, or that has no room for the next message. */
const ORDINARY_ENDS = /^(408 request timeout|409 message size exceeds maxbytes|409 batch completed)/i;

/**
 * Decides when to send a pull request, its limits, and when to search for the consumer. It sends nothing itself.
 *
 *     stopped ──start──▶ ready ──request──▶ pulling
 *                          ▲                   │
 *                          ├── all received, or an ordinary end
 *                          │                   │
 *                          │                   ▼ another end, silence, or a new connection (also from ready)
 *                          └──── found ── recovering ⇄ missing
 *
 * - `stopped`: not started yet, or closed. `stop` leads here from every state.
 * - `ready`: no request is at the server. The next is sent once the buffer has room.
 * - `pulling`: one request is at the server.
 * - `recovering`: a search for the stream and its consumer is running, which creates them if they are missing.
 * - `missing`: the search failed. The next tick tries again.
 */
export class PullSchedule {
  #state: "stopped" | "ready" | "pulling" | "recovering" | "missing" = "stopped";
  #number = 0;
  #remaining = 0;
  #heardAtMs = 0;

  get state(): string {
    return this.#state;
  }

  start(): void {
    this.#state = "ready";
  }

  stop(): void {
    this.#state = "stopped";
  }

  /** Returns the pull request to send now. Undefined when one is at the server, or the buffer has too little room. */
  nextRequest(buffer: BufferState, nowMs: number): PullRequest | undefined {
    if (this.#state !== "ready") return undefined;
    const maxBytes = Math.max(MIN_BUFFER_BYTES, 2 * buffer.maxMessageBytes);
    const frames = MAX_BUFFERED_FRAMES - buffer.frames;
    const bytes = maxBytes - buffer.bytes;
    // With less room than a message can need, the server would end the request at once.
    if (frames < MAX_BUFFERED_FRAMES / 2 || bytes < buffer.maxMessageBytes) return undefined;
    this.#state = "pulling";
    this.#number++;
    this.#remaining = frames;
    this.#heardAtMs = nowMs;
    return { number: this.#number, frames, bytes };
  }

  /** Notes that a message arrived. It may belong to a request that was given up before. */
  messageArrived(nowMs: number): void {
    this.#heardAtMs = nowMs;
    if (this.#state === "pulling" && --this.#remaining === 0) this.#state = "ready";
  }

  /**
   * Notes the server's status message about a request. Returns true when a search for the consumer is necessary.
   *
   * @param status code and description, such as `408 Request Timeout`
   */
  statusArrived(number: number, { code, status }: { code: number; status: string }, nowMs: number): boolean {
    this.#heardAtMs = nowMs;
    if (code === STATUS_HEARTBEAT || number !== this.#number || this.#state !== "pulling") return false;
    this.#state = "ready";
    return !ORDINARY_ENDS.test(status);
  }

  /**
   * Whether a search for the consumer is necessary: the server has been silent for too long, or the last search failed.
   */
  isOverdue(nowMs: number): boolean {
    if (this.#state === "missing") return true;
    return this.#state === "pulling" && nowMs - this.#heardAtMs > SILENCE_MS;
  }

  /** Begins a search. Returns false when a search is running already or the schedule is stopped. */
  beginRecovery(): boolean {
    if (this.#state === "stopped" || this.#state === "recovering") return false;
    this.#state = "recovering";
    return true;
  }

  endRecovery(isFound: boolean): void {
    if (this.#state === "recovering") this.#state = isFound ? "ready" : "missing";
  }
}
