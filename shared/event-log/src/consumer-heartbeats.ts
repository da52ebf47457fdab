import { type Durability, mergeDurability } from "@tidemark/domain/durability";
import type { Heartbeat, Signals } from "./signals.ts";
import { type SilentProcess, SilentProcesses } from "./silent-processes.ts";

/** A consumer sends a heartbeat every second. After this long without one it counts as gone. */
const SILENCE_MS = 5_000;

const NO_CONSUMER = unknownStore("no consumer reports the settings of the store");
const NOT_REPORTED = unknownStore("a consumer does not report the settings of the store");

function unknownStore(detail: string): Durability {
  return { status: "unknown", findings: [{ part: "store", detail }] };
}

/**
 * Follows the heartbeats of all consumers. A consumer is running if it was heard within the last five seconds, and does not
 * wait for its store to open.
 */
export class ConsumerHeartbeats {
  readonly #lastHeard = new Map<string, { heartbeat: Heartbeat; atMs: number }>();
  readonly #silent = new SilentProcesses();
  readonly #now: () => number;
  #hasHeard = false;

  constructor(signals: Pick<Signals, "onHeartbeat">, now: () => number = Date.now) {
    this.#now = now;
    signals.onHeartbeat((heartbeat) => {
      if (!heartbeat.isWaiting) this.#hasHeard = true;
      this.#noteSilent();
      this.#silent.forget(heartbeat.consumerId);
      if (heartbeat.hasEnded) this.#lastHeard.delete(heartbeat.consumerId);
      else this.#lastHeard.set(heartbeat.consumerId, { heartbeat, atMs: now() });
    });
  }

  get isConsumerRunning(): boolean {
    return this.running > 0;
  }

  /** Whether there is a consumer that runs, or waits for its store to open. */
  get isConsumerAlive(): boolean {
    return this.#alive().length > 0;
  }

  /** The number of running consumers. */
  get running(): number {
    return this.#running().length;
  }

  /** The consumers that this process has heard, and that have fallen silent without a last heartbeat. */
  get silent(): SilentProcess[] {
    this.#noteSilent();
    return this.#silent.list(this.#now());
  }

  /** Whether a running consumer reaches the store. */
  get isStoreUp(): boolean {
    return this.#running().some(({ isStoreUp }) => isStoreUp);
  }

  /** The durability settings of the store, as the running consumers report them. */
  get storeDurability(): Durability {
    const reported = this.#running().map(({ durability }) => durability ?? NOT_REPORTED);
    return reported.length === 0 ? NO_CONSUMER : mergeDurability(reported);
  }

  /**
   * Whether a verdict can come within this time: a running consumer reaches the store and is not further behind than that.
   * Before the first heartbeat it assumes so.
   */
  isVerdictLikely(withinMs: number): boolean {
    return !this.#hasHeard || this.#running().some(({ isStoreUp, lagMs }) => isStoreUp && lagMs <= withinMs);
  }

  #running(): Heartbeat[] {
    return this.#alive().filter(({ isWaiting }) => !isWaiting);
  }

  #alive(): Heartbeat[] {
    this.#noteSilent();
    return [...this.#lastHeard.values()].map(({ heartbeat }) => heartbeat);
  }

  #noteSilent(): void {
    for (const [id, { atMs }] of this.#lastHeard) {
      if (this.#now() - atMs <= SILENCE_MS) continue;
      this.#lastHeard.delete(id);
      this.#silent.note({ id, heardAtMs: atMs });
    }
  }
}
