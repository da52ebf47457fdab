import type { Wire } from "./wire.ts";

/** A process that faults happen to. */
export interface Part {
  readonly name: string;
  /** Its process, while there is one; undefined for those that are not Tidemark's own. */
  servicePid(): number | undefined;
  /** Starts it, and again after `kill` or `stop`; does not wait for it to be ready. */
  start(): Promise<void>;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>;
}

/** All that runs, as the client, the faults and the checker see it. */
export interface World {
  /** Where `/publish` is served: each a way of its own. */
  readonly publishUrls: readonly URL[];
  readonly queryUrl: URL;
  readonly parts: ReadonlyMap<string, Part>;
  readonly wires: ReadonlyMap<string, Wire>;
  /** For the report: `PostgreSQL 18.1`. */
  readonly programs: readonly string[];
  /** What ended unasked, or not as it should; one line each. */
  readonly endings: readonly string[];
  /** How many times that has begun whose memory holds events: a queue in memory ends with it. */
  lives(): number;
  /** Keeps events from leaving the log or the queue for a time, so that it fills. */
  fill(holdMs: number): Promise<void>;
  /** Resolves when every service says that it is ready. */
  ready(): Promise<void>;
  close(): Promise<void>;
}
