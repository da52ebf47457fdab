/** The number of requests that wait for the next frame, and the number and size of their events. */
export interface Waiting {
  readonly requests: number;
  readonly events: number;
  readonly bytes: number;
}

// An event of so large a frame costs little more than one of a larger frame (docs/decisions/0014).
const ENOUGH = { events: 100, bytes: 64 * 1024 };
// The longest time that a frame waits for the verdicts of earlier ones, which take longer when the store is busy or away.
const MAX_HOLD_MS = 10;
// In this time most senders that publish one request after the other have received an answer and sent the next request.
const RETURN_MS = 2;

/**
 * Chooses the moment of each frame. A frame costs the processor time of some dozens of events, whatever it holds. Therefore a
 * small one waits until the earlier frames have their verdicts, and then until their senders have sent again. A frame that
 * follows no other, or has enough events, is due at once.
 */
export class FramePace {
  readonly #waiting: Waiting;
  /** The frames that requests wait for. */
  #undecided = 0;
  /** The requests that wait once those of the last decided frame have returned, and when the wait for them ends. */
  #expectedRequests = 0;
  #expectedUntilMs = 0;
  #recheck: (() => void) | undefined;

  /** @param waiting its members change with the queue */
  constructor(waiting: Waiting) {
    this.#waiting = waiting;
  }

  /** Resolves when the next frame is due: at the latest 12 ms later. */
  async untilDue(): Promise<void> {
    await this.#until(() => this.#undecided === 0, MAX_HOLD_MS);
    const haveReturned = () => this.#waiting.requests >= this.#expectedRequests;
    await this.#until(haveReturned, this.#expectedUntilMs - performance.now());
  }

  /** To be called when a request begins to wait. */
  noteArrival(): void {
    this.#recheck?.();
  }

  /** @param decided settles when no request of the frame waits for its verdicts any longer */
  async noteFrame(requests: number, decided: Promise<unknown>): Promise<void> {
    this.#undecided++;
    await decided;
    this.#undecided--;
    this.#expectedRequests = this.#waiting.requests + requests;
    this.#expectedUntilMs = performance.now() + RETURN_MS;
    this.#recheck?.();
  }

  get #hasEnough(): boolean {
    return this.#waiting.events >= ENOUGH.events || this.#waiting.bytes >= ENOUGH.bytes;
  }

  /** Waits for a condition, unless enough events wait, for a bounded time. */
  async #until(condition: () => boolean, maxMs: number): Promise<void> {
    const isMet = () => condition() || this.#hasEnough;
    if (maxMs <= 0 || isMet()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, maxMs);
    this.#recheck = () => {
      if (isMet()) resolve();
    };
    await promise;
    this.#recheck = undefined;
    clearTimeout(timer);
  }
}
