import type { Signals } from "@tidemark/event-log/signals";
import type { AppliedFrame } from "@tidemark/event-store/event-store";

export interface CommittedFrame {
  signals: Signals;
  frameId: string;
  /** The address of the gateway that waits for the verdicts. */
  replyTo: string | undefined;
  ack(): void;
}

/** Acknowledges a frame that the store has committed, then sends its verdicts to the gateway that waits for them. */
export function acknowledgeApplied(
  { signals, frameId, replyTo, ack }: CommittedFrame,
  applied: AppliedFrame | undefined,
): AppliedFrame {
  if (applied?.frameId !== frameId) throw new Error("the store answered for a frame that it was not given");
  ack();
  if (replyTo !== undefined) signals.sendVerdicts(replyTo, applied);
  return applied;
}
