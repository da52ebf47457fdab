import type { Durability } from "@tidemark/domain/durability";
import type { Verdicts } from "@tidemark/domain/verdict";

/**
 * Messages between processes, delivered at most once: verdicts for the gateway, heartbeats, and notice of commits. Losing
 * one breaks no promise: a request without its verdicts is answered 202 with a receipt, and readers that wait for events
 * also poll the store. Only the last heartbeat of each gateway is kept, so that its counts outlive it.
 */
export interface Signals {
  /** The address at which `onVerdicts` listens. It goes into `frame.replyTo`. */
  readonly address: string;
  sendVerdicts(address: string, message: VerdictMessage): void;
  onVerdicts(listener: (message: VerdictMessage) => void): void;
  sendHeartbeat(heartbeat: Heartbeat): void;
  onHeartbeat(listener: (heartbeat: Heartbeat) => void): void;
  sendGatewayHeartbeat(heartbeat: GatewayHeartbeat): void;
  /** Passes on every heartbeat that a gateway sends, and also those kept of gateways that sent their last one before. */
  onGatewayHeartbeat(listener: GatewayHeartbeatListener): void;
  /** Tells all listeners that the store has committed events. */
  sendCommit(): void;
  onCommit(listener: () => void): void;
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
  /** The time from receipt to commit of a frame at the moment, milliseconds. 0 when there is nothing to do. */
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
  /** The id of this life of the gateway: a restart begins another. */
  gatewayId: string;
  startedAtMs: number;
  /** Counts the heartbeats of this life, so that a later one is told from an earlier one. */
  beat: number;
  /** The generation of the log that the counts are about, or an earlier one than that of some of the events. */
  generation: string;
  /** The events that the log has confirmed to this gateway. */
  confirmedEvents: number;
  /** The same in bytes of `frame.events`. */
  confirmedBytes: number;
  /** Whether this is the last heartbeat of a gateway that has ended in order. */
  hasEnded: boolean;
}

/** @param isKept whether the heartbeat was read from where it is kept: its gateway may be gone */
export type GatewayHeartbeatListener = (heartbeat: GatewayHeartbeat, isKept: boolean) => void;
