import type { Heartbeat, Signals } from "@tidemark/shared/signals/signals";

/** After this long without a heartbeat, sent every second, a consumer counts as gone. */
const SILENCE_MS = 5_000;

export interface ConsumerWatch {
  isRunning: boolean;
  /** Whether a running consumer reaches the store. */
  isStoreUp: boolean;
}

/** Follows the consumers' heartbeats; the answer tells what they said within the last five seconds. */
export function watchConsumers(signals: Pick<Signals, "onHeartbeat">, now = Date.now): () => ConsumerWatch {
  const heard = new Map<string, { heartbeat: Heartbeat; atMs: number }>();
  signals.onHeartbeat((heartbeat) => {
    forgetSilent();
    heard.set(heartbeat.consumerId, { heartbeat, atMs: now() });
  });

  function forgetSilent(): void {
    for (const [id, { atMs }] of heard) if (now() - atMs > SILENCE_MS) heard.delete(id);
  }

  return () => {
    forgetSilent();
    const running = [...heard.values()].map(({ heartbeat }) => heartbeat);
    return { isRunning: running.length > 0, isStoreUp: running.some(({ isStoreUp }) => isStoreUp) };
  };
}
