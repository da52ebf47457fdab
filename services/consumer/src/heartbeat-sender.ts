import type { Durability } from "@tidemark/domain/durability";
import type { Signals } from "@tidemark/event-log/signals";

const BEAT_MS = 1_000;

export interface HeartbeatOptions {
  consumerId: string;
  signals: Signals;
  /** The durability settings of the store, as last read. */
  durability?: { readonly current: Durability } | undefined;
}

/** A batch between `began` and `finished`. */
interface BatchInFlight {
  /** By the monotonic clock of this process. */
  beganAtMs: number;
}

/** Sends a heartbeat every second, and at once when the store becomes unreachable or reachable again. */
export class HeartbeatSender {
  readonly #options: HeartbeatOptions;
  readonly #timer: NodeJS.Timeout;
  #isStoreUp = true;
  /** The time that the newest frame of the last batch waited, from receipt to commit. */
  #lagMs = 0;
  #hasCommitted = false;
  /** Oldest first. */
  readonly #inFlight = new Set<BatchInFlight>();

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#beat();
  }

  began(): BatchInFlight {
    const batch = { beganAtMs: performance.now() };
    this.#inFlight.add(batch);
    return batch;
  }

  /**
   * Notes a commit of frames that were received at these times. Only new frames belong here: a frame that was delivered
   * again has waited for another reason. The newest counts, because a straggler says nothing about the next frame.
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

  finished(batch: BatchInFlight): void {
    this.#inFlight.delete(batch);
  }

  get isStoreUp(): boolean {
    return this.#isStoreUp;
  }

  /** Sends the last heartbeat, so that this consumer is not missed. */
  stop(): void {
    clearInterval(this.#timer);
    this.#beat(true);
  }

  #beat(hasEnded = false): void {
    const [oldest] = this.#inFlight;
    if (oldest === undefined && !this.#hasCommitted) this.#lagMs = 0; // nothing to do
    this.#hasCommitted = false;
    // A batch that the store does not commit delays every frame behind it by as much.
    const inFlightMs = oldest === undefined ? 0 : performance.now() - oldest.beganAtMs;
    const { consumerId, signals, durability } = this.#options;
    signals.sendHeartbeat({
      consumerId,
      isStoreUp: this.#isStoreUp,
      lagMs: Math.round(Math.max(this.#lagMs, inFlightMs)),
      ...(durability === undefined ? {} : { durability: durability.current }),
      ...(hasEnded && { hasEnded }),
    });
  }
}
