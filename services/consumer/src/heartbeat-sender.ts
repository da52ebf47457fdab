import { randomUUID } from "node:crypto";
import type { Durability } from "@tidemark/domain/durability";
import type { Signals } from "@tidemark/event-log/signals";
import type { Logger } from "@tidemark/telemetry/logger";

const BEAT_MS = 1_000;

/** The durability settings of the store, as last read. */
type LastDurability = { readonly current: Durability };

export interface HeartbeatOptions {
  consumerId: string;
  signals: Signals;
  durability?: LastDurability | undefined;
  /** Whether the consumer still waits for its store to open. Default: false */
  isWaiting?: boolean;
}

/** A batch between `began` and `finished`. */
interface BatchInFlight {
  /** By the monotonic clock of this process. */
  beganAtMs: number;
}

/** Makes the sender of a new consumer, and logs the id by which `/health` names the consumer. */
export function startHeartbeats({ logger, ...options }: Omit<HeartbeatOptions, "consumerId"> & { logger: Logger }) {
  const consumerId = randomUUID();
  logger.info({ consumerId }, "sending heartbeats");
  return new HeartbeatSender({ consumerId, ...options });
}

/** Sends a heartbeat every second, and at once when the store becomes unreachable or reachable again. */
export class HeartbeatSender {
  readonly #options: HeartbeatOptions;
  readonly #timer: NodeJS.Timeout;
  #durability: LastDurability | undefined;
  #isWaiting: boolean;
  #isStoreUp = true;
  #hasEnded = false;
  /** The time that the newest frame of the last batch waited, from receipt to commit. */
  #lagMs = 0;
  #hasCommitted = false;
  /** Oldest first. */
  readonly #inFlight = new Set<BatchInFlight>();

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#durability = options.durability;
    this.#isWaiting = options.isWaiting ?? false;
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#beat();
  }

  /** Notes that the store of a consumer that waited for it is open. */
  storeIsOpen(durability: LastDurability): void {
    this.#durability = durability;
    this.#isWaiting = false;
    this.#beat();
  }

  began(): BatchInFlight {
    const batch = { beganAtMs: performance.now() };
    this.#inFlight.add(batch);
    return batch;
  }

  /**
   * Notes a commit of frames that were received at these times. It is for new frames only, because a frame that was
   * delivered again has waited for another reason. The newest frame counts, because a late one does not show how long
   * the next frame will wait.
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

  /** Sends the last heartbeat, so that this consumer is not reported as missing. */
  stop(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearInterval(this.#timer);
    this.#beat();
  }

  #beat(): void {
    const [oldest] = this.#inFlight;
    if (oldest === undefined && !this.#hasCommitted) this.#lagMs = 0; // no frame is waiting
    this.#hasCommitted = false;
    // A batch that the store does not commit delays every frame behind it by the same time.
    const inFlightMs = oldest === undefined ? 0 : performance.now() - oldest.beganAtMs;
    const { consumerId, signals } = this.#options;
    signals.sendHeartbeat({
      consumerId,
      isStoreUp: this.#isStoreUp && !this.#isWaiting,
      lagMs: Math.round(Math.max(this.#lagMs, inFlightMs)),
      ...(this.#durability && { durability: this.#durability.current }),
      ...(this.#isWaiting && { isWaiting: true }),
      ...(this.#hasEnded && { hasEnded: true }),
    });
  }
}
