import type { Frame, NewerFrameFormat } from "@tidemark/domain/frame";
import type { Origin, SequenceRange } from "@tidemark/domain/origin";

/**
 * The log between the gateway and the consumer: frames in, deliveries out, first in first out as a rule. A frame that
 * `append` has confirmed is delivered at least once, again after a crash or a lost acknowledgement, until it is
 * acknowledged; that removes it.
 */
export interface EventLog {
  /** The largest `frame.events` in bytes that `append` takes. */
  readonly maxFrameBytes: number;

  /**
   * Resolves when the frame is as durable as this log makes anything. Appending the same frame again, after a failure
   * whose outcome is unknown, is safe.
   *
   * @throws {Unavailable} `log_full` or `queue_full`: nothing was taken; `log_unreachable`: nothing was taken;
   *   `outcome_unknown`: it may have been taken
   */
  append(frame: Frame): Promise<void>;

  /**
   * The next deliveries, oldest first: as many as are at hand within the limits, at least one. Waits for the first, or
   * for as much as is wanted at least. Resolves to none when the log is closing. Several may wait; a delivery goes to one.
   */
  take(limits: TakeLimits): Promise<(Delivery | UnreadableDelivery)[]>;

  /** What is in the log at this moment. Concurrent calls are fine. @throws {Unavailable} `log_unreachable` */
  snapshot(): Promise<LogSnapshot>;

  /** Resolves when the log answers; cheap, for asking often. @throws {Unavailable} `log_unreachable` */
  ping(): Promise<void>;

  /** Stops taking: `take` resolves to none, what it was about to hand over goes back. Confirmed appends stay. */
  close(): Promise<void>;
}

export interface TakeLimits {
  /** Stops adding frames once this many events are taken; the first frame is always taken. */
  maxEvents: number;
  /** The same in bytes of `frame.events`. */
  maxBytes: number;
  /** Waits until that many events or bytes are there; without it one frame is enough. */
  min?: { events: number; bytes: number };
}

/** At hand until it is acknowledged or given back, however long that takes: nobody else is given it meanwhile. */
interface InFlight {
  origin: Origin;
  /** Removes it from the log, some time soon: a crash right after may deliver it again. */
  ack(): void;
  /** Gives it back; it is delivered again after the delay. */
  retry(delayMs: number): void;
}

export interface Delivery extends InFlight {
  frame: Frame;
}

export type UnreadableDelivery = DamagedDelivery | NewerDelivery;

/** A frame that nobody will ever read: for the dead letters, whole. */
export interface DamagedDelivery extends InFlight {
  frame?: undefined;
  error?: undefined;
  damaged: DamagedFrame;
  /** Where its verdicts go, if that could be read. */
  replyTo?: string;
}

/** What is known of a damaged frame without reading it. */
export interface DamagedFrame {
  /** A UUID, the same each time it is delivered: the frame's own, if that can be read. */
  frameId: string;
  /** As many as the log counts it for, whatever it says itself; 0 for what was never put there by `append`. */
  events: number;
  /** When the log took it in, milliseconds since the epoch. */
  receivedAtMs: number;
  reason: string;
  /** What stands in the place of its events. */
  content: Buffer;
}

/** A frame of a format version that this code does not know: to be left in the log for a newer consumer. */
export interface NewerDelivery extends InFlight {
  frame?: undefined;
  damaged?: undefined;
  error: NewerFrameFormat;
}

/** A picture of the log at one moment: `events` is the events of exactly the frames at `held`. */
export interface LogSnapshot {
  generation: string;
  /** Events in all frames held. */
  events: number;
  /** Frames held. */
  frames: number;
  /** The last sequence given to a frame, held or not; 0 before the first. */
  lastSequence: number;
  /**
   * The sequences held, in runs without a gap, ascending. Absent while a frame stays in the log that so many others have
   * passed that the log would not list the gaps: then nobody can say which of the frames applied are still held.
   */
  held?: SequenceRange[];
  /** Frames that have left this generation of the log since it began. */
  removed: number;
  /** Receipt time of the oldest frame held, milliseconds since the epoch. */
  oldestAtMs?: number;
  /** Present when frames may have left while the log was looked at: `events` may be off by theirs. */
  isUncertain?: true;
}
