import type { Signals } from "@tidemark/shared/signals/signals";

const BEAT_MS = 1_000;

/** Tells the other parts once a second that this consumer lives, whether it reaches the store, and how far behind it is. */
export class Pulse {
  readonly #consumerId: string;
  readonly #signals: Signals;
  readonly #timer: NodeJS.Timeout;
  #isStoreUp = true;
  /** How long the newest frame of the last batch had waited, from receipt to commit. */
  #lagMs = 0;
  #hasCommitted = false;
  /** When the batch at hand was taken, by this process's own clock. */
  #tookAtMs: number | undefined;

  constructor(consumerId: string, signals: Signals) {
    this.#consumerId = consumerId;
    this.#signals = signals;
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#beat();
  }

  /** A batch is at hand. */
  took(): void {
    this.#tookAtMs = performance.now();
  }

  /**
   * Frames are committed that were received at these times: new ones only, for what is delivered again has waited for
   * another reason. The newest counts: a straggler among them says nothing of the frame that comes next.
   */
  committed(receivedAtMs: number[]): void {
    const wasDown = !this.#isStoreUp;
    this.#isStoreUp = true;
    this.#hasCommitted = true;
    if (receivedAtMs.length > 0) this.#lagMs = Math.max(0, Date.now() - Math.max(...receivedAtMs));
    if (wasDown) this.#beat();
  }

  storeIsDown(): void {
    const wasUp = this.#isStoreUp;
    this.#isStoreUp = false;
    if (wasUp) this.#beat();
  }

  /** The batch is not at hand any more. */
  finished(): void {
    this.#tookAtMs = undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    if (this.#tookAtMs === undefined && !this.#hasCommitted) this.#lagMs = 0; // nothing to do
    this.#hasCommitted = false;
    // A batch that the store does not commit keeps all behind it waiting as long.
    const atHandMs = this.#tookAtMs === undefined ? 0 : performance.now() - this.#tookAtMs;
    const lagMs = Math.round(Math.max(this.#lagMs, atHandMs));
    this.#signals.sendHeartbeat({ consumerId: this.#consumerId, isStoreUp: this.#isStoreUp, lagMs });
  }
}
