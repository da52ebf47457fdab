import type { GatewayHeartbeat, Refusal, Signals } from "./signals.ts";
import { type SilentProcess, SilentProcesses } from "./silent-processes.ts";

/** A gateway sends a heartbeat every second. After this long without one it counts as gone, or as frozen. */
const SILENCE_MS = 5_000;
/** The number of gateways that are remembered. nats-server answers a request for the last messages of at most 1,024 subjects. */
export const MAX_GATEWAYS = 1_000;

/** The time for which a gateway remembers that it refused a publish. */
export const REFUSALS_KEPT_MS = 3_600_000;

interface KnownGateway {
  last: GatewayHeartbeat;
  /** Undefined if only a kept heartbeat is known. */
  heardAtMs?: number;
}

/** Follows the heartbeats of all gateways: whether one runs, and the events that the log has confirmed to them. */
export class GatewayHeartbeats {
  /** The gateway of the latest heartbeat last. */
  readonly #gateways = new Map<string, KnownGateway>();
  readonly #now: () => number;

  constructor(signals: Pick<Signals, "onGatewayHeartbeat">, now: () => number = Date.now) {
    this.#now = now;
    signals.onGatewayHeartbeat((heartbeat, isKept) => this.#note(heartbeat, isKept));
  }

  get isGatewayRunning(): boolean {
    return this.running > 0;
  }

  /** The number of gateways that were heard within the last five seconds and have not ended since. */
  get running(): number {
    const since = this.#now() - SILENCE_MS;
    return [...this.#gateways.values()].filter(
      ({ last, heardAtMs }) => !last.hasEnded && heardAtMs !== undefined && heardAtMs >= since,
    ).length;
  }

  /** The gateways that this process has heard, and that have fallen silent without a last heartbeat. */
  get silent(): SilentProcess[] {
    const silent = new SilentProcesses();
    const since = this.#now() - SILENCE_MS;
    for (const [id, { last, heardAtMs }] of this.#gateways) {
      if (!last.hasEnded && heardAtMs !== undefined && heardAtMs < since) silent.note({ id, heardAtMs });
    }
    return silent.list(this.#now());
  }

  /** Adds up the events that the log has confirmed to gateways, by generation of the log. */
  confirmedEvents(): Map<string, number> {
    const sums = new Map<string, number>();
    for (const { last } of this.#gateways.values()) {
      sums.set(last.generation, (sums.get(last.generation) ?? 0) + last.confirmedEvents);
    }
    return sums;
  }

  /** Adds up the publishes of the last hour that gateways have told to have refused, the latest first. */
  refusals(): Refusal[] {
    const since = this.#now() - REFUSALS_KEPT_MS;
    const sums = new Map<string, Refusal>();
    for (const { last } of this.#gateways.values()) {
      for (const refusal of last.refusals ?? []) {
        if (refusal.lastAtMs >= since) sums.set(refusal.code, addRefusals(sums.get(refusal.code), refusal));
      }
    }
    return [...sums.values()].sort((one, other) => other.lastAtMs - one.lastAtMs);
  }

  /** Lists the starts of the gateways that are remembered, in milliseconds since the epoch. */
  starts(): number[] {
    return [...this.#gateways.values()].map(({ last }) => last.startedAtMs);
  }

  #note(heartbeat: GatewayHeartbeat, isKept: boolean): void {
    const known = this.#gateways.get(heartbeat.gatewayId);
    const isLater = known === undefined || heartbeat.beat > known.last.beat;
    const heardAtMs = isKept ? known?.heardAtMs : this.#now();
    this.#gateways.delete(heartbeat.gatewayId);
    this.#gateways.set(heartbeat.gatewayId, {
      last: isLater ? heartbeat : known.last,
      ...(heardAtMs === undefined ? {} : { heardAtMs }),
    });
    const [oldest] = this.#gateways.keys();
    if (this.#gateways.size > MAX_GATEWAYS) this.#gateways.delete(oldest as string);
  }
}

function addRefusals(sum: Refusal | undefined, refusal: Refusal): Refusal {
  if (sum === undefined) return refusal;
  return {
    ...refusal,
    requests: sum.requests + refusal.requests,
    firstAtMs: Math.min(sum.firstAtMs, refusal.firstAtMs),
    lastAtMs: Math.max(sum.lastAtMs, refusal.lastAtMs),
  };
}
