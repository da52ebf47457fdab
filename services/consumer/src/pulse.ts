import type { Durability } from "@tidemark/domain/durability";
import type { Signals } from "@tidemark/event-log/signals";
import { DrainRate } from "@tidemark/runtime/drain-rate";

const BEAT_MS = 1_000;

export interface PulseOptions {
  consumerId: string;
  signals: Signals;
  /** What the store's settings are, as last seen. */
  durability?: { readonly current: Durability } | undefined;
}

/** A batch between `took` and `finished`. */
interface BatchAtHand {
  events: number;
  /** By this process's own clock. */
  tookAtMs: number;
  /** The store was up all the while: how long the batch took says how fast the store is. */
  isSmooth: boolean;
}

/** Tells the other parts once a second that this consumer lives, whether it reaches the store, how far behind and how fast it is. */
export class Pulse {
  readonly #options: PulseOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #rate = new DrainRate();
  #isStoreUp = true;
  /** How long the newest frame of the last batch had waited, from receipt to commit. */
  #lagMs = 0;
  #hasCommitted = false;
  /** Oldest first. */
  readonly #atHand = new Set<BatchAtHand>();
  #finishedAtMs = 0;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#beat();
  }

  /** A batch is at hand. */
  took(events: number): BatchAtHand {
    const batch = { events, tookAtMs: performance.now(), isSmooth: this.#isStoreUp };
    this.#atHand.add(batch);
    return batch;
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
    for (const batch of this.#atHand) batch.isSmooth = false;
    if (wasUp) this.#beat();
  }

  /** The batch is not at hand any more. */
  finished(batch: BatchAtHand): void {
    this.#atHand.delete(batch);
    const now = performance.now();
    // Of the time that two batches shared, the one that ended first had it: all of it is counted, once.
    if (batch.isSmooth) this.#rate.drained(batch.events, now - Math.max(batch.tookAtMs, this.#finishedAtMs));
    this.#finishedAtMs = now;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const [oldest] = this.#atHand;
    if (oldest === undefined && !this.#hasCommitted) this.#lagMs = 0; // nothing to do
    this.#hasCommitted = false;
    // A batch that the store does not commit keeps all behind it waiting as long.
    const atHandMs = oldest === undefined ? 0 : performance.now() - oldest.tookAtMs;
    const { consumerId, signals, durability } = this.#options;
    const { perSecond } = this.#rate;
    signals.sendHeartbeat({
      consumerId,
      isStoreUp: this.#isStoreUp,
      lagMs: Math.round(Math.max(this.#lagMs, atHandMs)),
      ...(perSecond === undefined ? {} : { eventsPerSecond: Math.round(perSecond) }),
      ...(durability === undefined ? {} : { durability: durability.current }),
    });
  }
}
