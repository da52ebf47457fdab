import { type Durability, mergeDurability } from "@tidemark/domain/durability";
import type { Heartbeat, Signals } from "@tidemark/event-log/signals";

/** After this long without a heartbeat, sent every second, a consumer counts as gone. */
const SILENCE_MS = 5_000;

export interface ConsumerWatch {
  isRunning: boolean;
  /** Whether a running consumer reaches the store. */
  isStoreUp: boolean;
  /** What the running consumers see of the store's settings. */
  durability: Durability;
}

const NOBODY_TELLS = unknownStore("no consumer tells the settings of the store");
const ONE_DOES_NOT_TELL = unknownStore("a consumer does not tell the settings of the store");

function unknownStore(detail: string): Durability {
  return { status: "unknown", findings: [{ part: "store", detail }] };
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
    const told = running.map(({ durability }) => durability ?? ONE_DOES_NOT_TELL);
    return {
      isRunning: running.length > 0,
      isStoreUp: running.some(({ isStoreUp }) => isStoreUp),
      durability: running.length === 0 ? NOBODY_TELLS : mergeDurability(told),
    };
  };
}
