import type { Signals } from "@tidemark/shared/signals/signals";

const BEAT_MS = 1_000;

/** Tells the other parts once a second that this consumer lives, whether it reaches the store, and how far behind it is. */
export class Pulse {
  readonly #consumerId: string;
  readonly #signals: Signals;
  readonly #timer: NodeJS.Timeout;
  #isStoreUp = true;
  #lagMs = 0;
  #events = 0;
  #beatAtMs = Date.now();

  constructor(consumerId: string, signals: Signals) {
    this.#consumerId = consumerId;
    this.#signals = signals;
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#beat();
  }

  /** A batch is committed; its oldest frame was received at that time. */
  committed(events: number, receivedAtMs: number): void {
    const wasDown = !this.#isStoreUp;
    this.#isStoreUp = true;
    this.#events += events;
    this.#lagMs = Math.max(0, Date.now() - receivedAtMs);
    if (wasDown) this.#beat();
  }

  storeIsDown(): void {
    const wasUp = this.#isStoreUp;
    this.#isStoreUp = false;
    if (wasUp) this.#beat();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const now = Date.now();
    const seconds = Math.max(0.001, (now - this.#beatAtMs) / 1_000);
    this.#signals.sendHeartbeat({
      consumerId: this.#consumerId,
      isStoreUp: this.#isStoreUp,
      lagMs: this.#events === 0 ? 0 : this.#lagMs,
      eventsPerSecond: Math.round(this.#events / seconds),
    });
    this.#events = 0;
    this.#beatAtMs = now;
  }
}
