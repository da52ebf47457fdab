import type { InvalidInput } from "../errors.ts";
import type { Frame, NewerFrameFormat } from "../frame.ts";

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
   * @throws {Unavailable} `log_full` or `queue_full`: nothing was taken; `log_unreachable`: nothing was sent;
   *   `outcome_unknown`: it may have been taken
   */
  append(frame: Frame): Promise<void>;

  /**
   * The next deliveries, oldest first: as many as are at hand within the limits, at least one. Waits for the first.
   * Resolves to none when the log is closing. One call at a time.
   */
  take(limits: TakeLimits): Promise<(Delivery | UnreadableDelivery)[]>;

  /** What is in the log at this moment. Concurrent calls are fine. @throws {Unavailable} `log_unreachable` */
  look(): Promise<LogContents>;

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
}

/** Where in which log a frame stands. A log that was made anew has another incarnation and counts from 1 again. */
export interface Origin {
  incarnation: string;
  sequence: number;
}

/** At hand until it is acknowledged or given back, however long that takes: nobody else is given it meanwhile. */
export interface Delivery {
  frame: Frame;
  origin: Origin;
  /** Removes it from the log, some time soon: a crash right after may deliver it again. */
  ack(): void;
  /** Gives it back; it is delivered again after the delay. */
  retry(delayMs: number): void;
}

/**
 * A frame that could not be read. It stays in the log until somebody decides: a newer consumer for a newer format, an
 * operator for a damaged one.
 */
export interface UnreadableDelivery extends Omit<Delivery, "frame"> {
  frame?: undefined;
  error: InvalidInput | NewerFrameFormat;
}

/** The sequences `first..last`, both included. */
export interface SequenceRange {
  first: number;
  last: number;
}

/** A picture of the log at one moment: `events` is the events of exactly the frames at `held`. */
export interface LogContents {
  incarnation: string;
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
  /** Frames that have left this incarnation of the log since it began. */
  removed: number;
  /** Receipt time of the oldest frame held, milliseconds since the epoch. */
  oldestAtMs?: number;
  /** Present when frames may have left while the log was looked at: `events` may be off by theirs. */
  isUncertain?: true;
}
