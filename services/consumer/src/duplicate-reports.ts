import type { DroppedDuplicate } from "@tidemark/event-store/event-store";
import type { Logger } from "@tidemark/telemetry/logger";
import { cutName } from "./name-dead-lettered.ts";
import type { NamesOfRequest } from "./name-requests.ts";

/** The number of events, and of frames, that a line names. */
export const MAX_SAMPLES = 10;
const INTERVAL_MS = 1_000;

/** The duplicates that a batch dropped. */
export interface DroppedOfBatch {
  /** Conflicts included. */
  duplicates: number;
  conflicts: number;
  /** Some of them by name. */
  dropped: DroppedDuplicate[];
  /** The frames that held them, with the known names of the requests that sent them. */
  frames: { frame: string; requests?: NamesOfRequest[] }[];
}

/**
 * Logs dropped duplicates, at most one line a second. It has two states. When it is quiet, it logs the next batch with
 * duplicates at once and begins to collect. While it collects, it logs all duplicates of a second at its end; after a
 * second without duplicates it is quiet again. At the level `debug` every duplicate gets a line.
 */
export class DuplicateReports {
  readonly #logger: Logger;
  #collected: DroppedOfBatch = none();
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add({ duplicates, conflicts, dropped, frames }: DroppedOfBatch): void {
    if (duplicates === 0) return;
    if (this.#logger.isLevelEnabled("debug")) {
      for (const duplicate of dropped) this.#logger.debug(nameDuplicate(duplicate), "dropped duplicate");
    }
    const collected = this.#collected;
    collected.duplicates += duplicates;
    collected.conflicts += conflicts;
    collected.dropped.push(...dropped.slice(0, MAX_SAMPLES - collected.dropped.length));
    collected.frames.push(...frames.slice(0, MAX_SAMPLES - collected.frames.length));
    if (this.#timer === undefined) this.#report();
  }

  /** Logs the collected duplicates. */
  stop(): void {
    clearTimeout(this.#timer);
    if (this.#collected.duplicates > 0) this.#write();
  }

  #report(): void {
    this.#write();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#collected.duplicates > 0) this.#report();
    }, INTERVAL_MS).unref();
  }

  #write(): void {
    const { dropped, ...line } = this.#collected;
    this.#collected = none();
    this.#logger.warn({ ...line, samples: dropped.map(nameDuplicate) }, "dropped duplicates");
  }
}

function none(): DroppedOfBatch {
  return { duplicates: 0, conflicts: 0, dropped: [], frames: [] };
}

/** Names a duplicate with the field names of the API, so that it can be searched for there. */
function nameDuplicate({ topic, eventId, source, isConflict }: DroppedDuplicate) {
  return { topic: cutName(topic), event_id: cutName(eventId), source: cutName(source), conflict: isConflict };
}
