import type { Heartbeat } from "@tidemark/shared/signals/signals";

const HEARTBEATS_MISSED_MS = 5_000;

/**
 * What the gateway knows of the other end from the consumers' heartbeats: whether waiting for a verdict is of any use.
 * Knowing nothing, it is.
 */
export class StoreWatch {
  readonly #consumers = new Map<string, { heartbeat: Heartbeat; heardAtMs: number }>();
  #hasHeard = false;

  hear(heartbeat: Heartbeat, nowMs = Date.now()): void {
    this.#hasHeard = true;
    this.#consumers.set(heartbeat.consumerId, { heartbeat, heardAtMs: nowMs });
  }

  /** False when no consumer is alive that reaches the store, or all of them are further behind than the wait. */
  isVerdictLikely(withinMs: number, nowMs = Date.now()): boolean {
    if (!this.#hasHeard) return true;
    for (const [id, { heartbeat, heardAtMs }] of this.#consumers) {
      if (nowMs - heardAtMs > HEARTBEATS_MISSED_MS) this.#consumers.delete(id);
      else if (heartbeat.isStoreUp && heartbeat.lagMs <= withinMs) return true;
    }
    return false;
  }
}
