import type { Heartbeat } from "@tidemark/event-log/signals";

const HEARTBEATS_MISSED_MS = 5_000;

/**
 * Tracks consumer heartbeats, so that the gateway knows whether waiting for a verdict can succeed. Before the first
 * heartbeat it assumes that it can.
 */
export class StoreWatch {
  readonly #consumers = new Map<string, { heartbeat: Heartbeat; heardAtMs: number }>();
  #hasHeard = false;

  hear(heartbeat: Heartbeat, nowMs = Date.now()): void {
    this.#hasHeard = true;
    this.#consumers.set(heartbeat.consumerId, { heartbeat, heardAtMs: nowMs });
  }

  /** Whether no running consumer reaches the store. */
  isStoreDown(nowMs = Date.now()): boolean {
    return !this.isVerdictLikely(Number.POSITIVE_INFINITY, nowMs);
  }

  /** False when no consumer is alive that reaches the store, or all of them are further behind than the wait. */
  isVerdictLikely(withinMs: number, nowMs = Date.now()): boolean {
    if (!this.#hasHeard) return true;
    this.#forgetSilent(nowMs);
    for (const { heartbeat } of this.#consumers.values()) {
      if (heartbeat.isStoreUp && heartbeat.lagMs <= withinMs) return true;
    }
    return false;
  }

  #forgetSilent(nowMs: number): void {
    for (const [id, { heardAtMs }] of this.#consumers) {
      if (nowMs - heardAtMs > HEARTBEATS_MISSED_MS) this.#consumers.delete(id);
    }
  }
}
