import type { Frame, NewerFrameFormat } from "@tidemark/domain/frame";
import type { Origin, SequenceRange } from "@tidemark/domain/origin";

/**
 * The log between the gateway and the consumer: frames in, deliveries out, usually in the same order. A frame that
 * `append` has confirmed is delivered at least once, and again after a crash or a lost acknowledgement. Its
 * acknowledgement removes it.
 */
export interface EventLog {
  /** The largest `frame.events`, in bytes, that `append` accepts. */
  readonly maxFrameBytes: number;

  /**
   * Appends a frame. Resolves when the frame is as durable as this log makes any frame. Appending the same frame again
   * after a failure with an unknown outcome is safe.
   *
   * @returns the generation that the log was known to have when the append began. The frame is in this generation, or
   * in a later one if the log was created again and this process has not noticed yet
   * @throws {Unavailable} `log_full` or `queue_full`: nothing was taken; `log_unreachable`: nothing was taken;
   *   `outcome_unknown`: it may have been taken
   */
  append(frame: Frame): Promise<{ generation: string }>;

  /**
   * Takes the next deliveries, the oldest first: all that are waiting, within the limits, but at least one. Waits for
   * `min`, or for the first frame. Returns none when the log is closing. Several takes may wait; each delivery goes to
   * one of them.
   */
  take(limits: TakeLimits): Promise<(Delivery | UnreadableDelivery)[]>;

  /** Reads what the log holds. Several calls may run at once. @throws {Unavailable} `log_unreachable` */
  snapshot(): Promise<LogSnapshot>;

  /** Resolves when the log answers. Cheap enough for frequent calls. @throws {Unavailable} `log_unreachable` */
  ping(): Promise<void>;

  /** Ends every `take`, and gives back the deliveries that were not taken. Confirmed frames stay in the log. */
  close(): Promise<void>;
}

export interface TakeLimits {
  /** The number of events to take. The first frame is taken even if it is larger. */
  maxEvents: number;
  /** The number of bytes of `frame.events` to take. The first frame is taken even if it is larger. */
  maxBytes: number;
  /** Waits until this many events or bytes are in the log. Default: one frame. */
  min?: { events: number; bytes: number };
}

/**
 * A frame in flight. It stays in flight until it is acknowledged or given back, and no other taker gets it meanwhile.
 */
interface InFlight {
  origin: Origin;
  /** Removes the frame from the log, but not at once: a crash right after may deliver the frame again. */
  ack(): void;
  /** Gives the frame back. It is delivered again after the delay. */
  retry(delayMs: number): void;
}

export interface Delivery extends InFlight {
  frame: Frame;
  /** The time at which the log received the frame, milliseconds since the epoch, by the clock of the log. */
  loggedAtMs: number;
}

export type UnreadableDelivery = DamagedDelivery | NewerDelivery;

/** A frame that cannot be read. The whole frame becomes one dead letter. */
export interface DamagedDelivery extends InFlight {
  frame?: undefined;
  error?: undefined;
  damaged: DamagedFrame;
  /** The address for its verdicts, if that could be read. */
  replyTo?: string;
}

/** The facts about a damaged frame that the log knows without reading it. */
export interface DamagedFrame {
  /** A UUID that is the same at each delivery: the id of the frame, if that can be read. */
  frameId: string;
  /**
   * The number of events that the log counts for it, which may differ from the number in the frame. 0 if `append` did
   * not write the message.
   */
  events: number;
  /** The time at which the log received it, milliseconds since the epoch. */
  receivedAtMs: number;
  reason: string;
  /** The bytes that stand where the events should be. */
  content: Buffer;
}

/** A frame of a format version that this code does not know. It stays in the log for a newer consumer. */
export interface NewerDelivery extends InFlight {
  frame?: undefined;
  damaged?: undefined;
  error: NewerFrameFormat;
}

/** The state of the log at one moment: `events` counts the events of exactly the frames in `held`. */
export interface LogSnapshot {
  generation: string;
  /** Events in all frames held. */
  events: number;
  /** Frames held. */
  frames: number;
  /** The last sequence given to a frame, held or not; 0 before the first. */
  lastSequence: number;
  /**
   * The sequences held, as ascending ranges. Absent when there are too many gaps to list, because one frame stays
   * unacknowledged while very many later ones leave. It is then unknown which applied frames are still held.
   */
  held?: SequenceRange[];
  /** The number of frames that have left this generation of the log. */
  removed: number;
  /** The bytes that the frames held take, and the most that they may take. */
  bytes: number;
  maxBytes: number;
  /** The replicas of the log that are down or behind. Absent for a log without replicas, in memory. */
  replicasMissing?: number;
  /** The receipt time of the oldest frame held, milliseconds since the epoch. */
  oldestAtMs?: number;
  /** Present when frames may have left during the snapshot: `events` may then be off by their events. */
  isUncertain?: true;
}
