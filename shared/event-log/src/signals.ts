import type { Durability } from "@tidemark/domain/durability";
import type { Verdicts } from "@tidemark/domain/verdict";

/**
 * Messages between processes, delivered at most once: verdicts for the gateway, heartbeats, and notice of commits.
 * Losing one breaks no promise: a request without its verdicts is answered 202 with a receipt, and readers that wait
 * for events also poll the store. Only the last heartbeat of each gateway is kept, so that its counts remain after the
 * gateway has ended.
 */
export interface Signals {
  /** The address at which `onVerdicts` listens. It goes into `frame.replyTo`. */
  readonly address: string;
  sendVerdicts(address: string, message: VerdictMessage): void;
  onVerdicts(listener: (message: VerdictMessage) => void): void;
  sendHeartbeat(heartbeat: Heartbeat): void;
  onHeartbeat(listener: (heartbeat: Heartbeat) => void): void;
  sendGatewayHeartbeat(heartbeat: GatewayHeartbeat): void;
  /** Calls the listener with every heartbeat of a gateway, and with the kept heartbeats of earlier ones. */
  onGatewayHeartbeat(listener: GatewayHeartbeatListener): void;
  /** Tells all listeners that the store has committed events. */
  sendCommit(): void;
  /** Returns a function that stops listening. A process without a listener receives no signals of commits. */
  onCommit(listener: () => void): () => void;
}

export interface VerdictMessage {
  frameId: string;
  verdicts: Verdicts;
}

/** Sent by each consumer every second, also before its store is open. */
export interface Heartbeat {
  consumerId: string;
  /** Whether its last attempt to reach the store succeeded. */
  isStoreUp: boolean;
  /** The present time from receipt to commit of a frame, in milliseconds. 0 when no frame is waiting. */
  lagMs: number;
  /** Whether committed events survive a loss of power, by the settings of the store. Absent from older versions. */
  durability?: Durability;
  /** Whether the consumer waits for its store to open, and has taken nothing yet. Absent from older versions. */
  isWaiting?: boolean;
  /** Whether this is the last heartbeat of a consumer that has ended in order. */
  hasEnded?: boolean;
}

/** Sent by each gateway every second, and once more when it has ended. */
export interface GatewayHeartbeat {
  /** The id of this run of the gateway. A restart has a new id. */
  gatewayId: string;
  startedAtMs: number;
  /** The number of the heartbeat in this run, which shows the order of heartbeats. */
  beat: number;
  /** The generation of the log that the counts belong to. Some of the events may be in a later generation. */
  generation: string;
  /** The events that the log has confirmed to this gateway. */
  confirmedEvents: number;
  /** The same in bytes of `frame.events`. */
  confirmedBytes: number;
  /** The publishes that this gateway refused in the last hour. Absent from older versions. */
  refusals?: Refusal[];
  /** Whether this is the last heartbeat of a gateway that has ended in order. */
  hasEnded: boolean;
}

/** The publishes that were answered with one code. */
export interface Refusal {
  /** The `code` of the problem. */
  code: string;
  status: number;
  requests: number;
  firstAtMs: number;
  lastAtMs: number;
}

/** @param isKept whether the heartbeat was kept and not received live, so that its gateway may have ended */
export type GatewayHeartbeatListener = (heartbeat: GatewayHeartbeat, isKept: boolean) => void;
