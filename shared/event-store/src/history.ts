/** The history of the books by minute, written in the transactions that change the books. */
export interface HistoryReader {
  /**
   * Reads the history, each minute in one snapshot. Its cost grows with the minutes asked for, never with the number of
   * events, and it lets other reads of the store pass.
   */
  readHistory(query: HistoryQuery): Promise<History>;
}

/** Writes the part of the history that does not come from events. */
export interface StartRecorder {
  /** Counts a start of this service in the present minute. */
  recordStart(service: string): Promise<void>;
}

export interface HistoryQuery {
  /** The first minute, inclusive. Milliseconds, a whole number of minutes, like `untilMs`. */
  sinceMs: number;
  /** The minute before which the history ends. */
  untilMs: number;
  /** The length of a step: a whole number of minutes. The last step ends at `untilMs`, so it may be shorter. */
  stepMinutes: number;
  /** Limits the movements to this topic. */
  topic?: string;
  /** Limits the movements to topics that begin with one of these texts. No two of them overlap. */
  topicPrefixes?: readonly string[];
}

export interface History {
  /** Every step from `sinceMs` to `untilMs`, the oldest first; zeros where nothing moved. */
  steps: HistoryStep[];
  /** The starts of services in this time, the oldest first: at most one entry for each step and service. */
  starts: ServiceStart[];
  /** The first minute that is on record, whatever the topic. Absent before the first event. */
  beganAtMs?: number;
}

/** The counts that the transactions of a step added to the books. The events received are the sum without the conflicts. */
export interface HistoryStep {
  startMs: number;
  stored: number;
  /** Conflicts included. */
  duplicates: number;
  conflicts: number;
  /** Negative when more dead letters were redriven than written. */
  deadLettered: number;
  /**
   * False when topics were asked for and the step has events of topics that have no figures of their own, which may be
   * among those asked for; see `MAX_LISTED_TOPICS`.
   */
  isComplete: boolean;
}

export interface ServiceStart {
  service: string;
  /** The start of the step. */
  startMs: number;
  count: number;
}

/**
 * The number of topics that have figures of their own in a minute, for each connection that writes: in PostgreSQL the busiest
 * of the minute; in SQLite the first, and of those in the same transaction the busiest.
 */
export const MAX_LISTED_TOPICS = 50;

export const MINUTE_MS = 60_000;

/** The movements of a step as a store sums them up. */
export type StepSums = Omit<HistoryStep, "startMs" | "isComplete"> & { step: number; unlisted: number };

/** The minutes of a query as the stores keep them: numbers since 1970. */
export function minutesOf({ sinceMs, untilMs }: HistoryQuery): { since: number; until: number } {
  return { since: sinceMs / MINUTE_MS, until: untilMs / MINUTE_MS };
}

/** Returns the start of a step, counted from 0. */
export function startOfStep({ sinceMs, stepMinutes }: HistoryQuery, step: number): number {
  return sinceMs + step * stepMinutes * MINUTE_MS;
}

/** Returns every step of a query, with zeros where a store has found nothing. */
export function everyStep(query: HistoryQuery, found: StepSums[]): HistoryStep[] {
  const byStep = new Map(found.map((sums) => [sums.step, sums]));
  const isLimited = query.topic !== undefined || query.topicPrefixes !== undefined;
  const count = Math.ceil((query.untilMs - query.sinceMs) / (query.stepMinutes * MINUTE_MS));
  return Array.from({ length: count }, (_, step) => {
    const { stored = 0, duplicates = 0, conflicts = 0, deadLettered = 0, unlisted = 0 } = byStep.get(step) ?? {};
    const isComplete = !isLimited || unlisted === 0;
    return { startMs: startOfStep(query, step), stored, duplicates, conflicts, deadLettered, isComplete };
  });
}
