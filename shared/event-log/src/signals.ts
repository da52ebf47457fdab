import type { Durability } from "@tidemark/domain/durability";
import type { Verdicts } from "@tidemark/domain/verdict";

/**
 * What the parts tell each other on the side, at most once and without memory: the verdicts on their way back to the
 * gateway, the consumers' heartbeats, and that something was committed. Losing any of it breaks no promise: a request
 * without its verdicts is answered 202 and has a receipt, and who waits for events looks for them now and then.
 */
export interface Signals {
  /** The address at which `onVerdicts` listens, for `frame.replyTo`. */
  readonly address: string;
  sendVerdicts(address: string, message: VerdictMessage): void;
  onVerdicts(listener: (message: VerdictMessage) => void): void;
  sendHeartbeat(heartbeat: Heartbeat): void;
  onHeartbeat(listener: (heartbeat: Heartbeat) => void): void;
  /** Tells everyone that the store has committed events. */
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
  /** How long a frame waits from receipt to commit at the moment, milliseconds; 0 where there is nothing to do. */
  lagMs: number;
  /** Whether what it commits survives the loss of power, by the store's settings. Absent from older versions. */
  durability?: Durability;
}
