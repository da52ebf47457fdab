import type { Durability } from "@tidemark/domain/durability";
import type { Verdicts } from "@tidemark/domain/verdict";

/**
 * Messages between processes, delivered at most once and stored nowhere: verdicts for the gateway, heartbeats of the
 * consumers, and notice of commits. Losing one breaks no promise: a request without its verdicts is answered 202 with a
 * receipt, and readers that wait for events also poll the store.
 */
export interface Signals {
  /** The address at which `onVerdicts` listens. It goes into `frame.replyTo`. */
  readonly address: string;
  sendVerdicts(address: string, message: VerdictMessage): void;
  onVerdicts(listener: (message: VerdictMessage) => void): void;
  sendHeartbeat(heartbeat: Heartbeat): void;
  onHeartbeat(listener: (heartbeat: Heartbeat) => void): void;
  /** Tells all listeners that the store has committed events. */
  sendCommit(): void;
  onCommit(listener: () => void): void;
}

export interface VerdictMessage {
  frameId: string;
  verdicts: Verdicts;
}

/** Sent by each consumer every second. */
export interface Heartbeat {
  consumerId: string;
  /** Whether its last attempt to reach the store succeeded. */
  isStoreUp: boolean;
  /** The time from receipt to commit of a frame at the moment, milliseconds. 0 when there is nothing to do. */
  lagMs: number;
  /** Whether committed events survive a loss of power, by the settings of the store. Absent from older versions. */
  durability?: Durability;
}
