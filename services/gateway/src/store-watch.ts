import type { Heartbeat } from "@tidemark/event-log/signals";

const HEARTBEATS_MISSED_MS = 5_000;

export interface Drain {
  /** No consumer is alive that reaches the store. */
  isStoreDown: boolean;
  eventsPerSecond: number | undefined;
}

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

  /** How fast the consumers that reach the store take events out of the log, together; undefined: nobody said yet. */
  drain(nowMs = Date.now()): Drain {
    this.#forgetSilent(nowMs);
    const reaching = [...this.#consumers.values()].filter(({ heartbeat }) => heartbeat.isStoreUp);
    const rates = reaching.flatMap(({ heartbeat }) => heartbeat.eventsPerSecond ?? []);
    return {
      isStoreDown: this.#hasHeard && reaching.length === 0,
      eventsPerSecond: rates.length === 0 ? undefined : rates.reduce((sum, rate) => sum + rate, 0),
    };
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
