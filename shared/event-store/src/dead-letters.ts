import type { Origin } from "@tidemark/domain/origin";
import type { Applied } from "./event-store.ts";

/**
 * What the store refused for its data. `EventStore.apply` isolates such an event: it becomes a dead letter in the
 * transaction in which its neighbours commit, with the verdict `x`, and is counted as dead under its topic.
 */
export interface DeadLetterStore {
  /** Oldest first. @throws {InvalidInput} `invalid_cursor` */
  listDeadLetters(query: DeadLetterQuery): Promise<DeadLetterPage>;

  /**
   * Tries the event again, in one transaction: it leaves the dead letters and moves in the books from dead to unique or
   * duplicate, and its verdict in the ledger changes with it. Refused again, it stays, with one attempt more.
   *
   * @returns undefined when there is no such dead letter
   */
  redrive(id: string): Promise<Redriven | undefined>;

  /** Forgets its content; it stays counted as dead. False when there is no such dead letter. */
  deleteDeadLetter(id: string): Promise<boolean>;

  /** Makes a frame that cannot be read a dead letter whole, counted with the events it declares. Again: no change. */
  deadLetterFrame(frame: UnreadableFrame): Promise<Applied>;
}

export interface DeadLetterQuery {
  topic?: string;
  limit: number;
  after?: string;
}

export interface DeadLetterPage {
  deadLetters: DeadLetter[];
  next?: string;
}

export interface DeadLetter {
  id: string;
  /** The ledger's frame it came in. */
  frameId: string;
  /** Undefined where it could not be read. */
  topic?: string;
  /** How many events of the books it stands for: 1, or all of a frame that could not be read. */
  events: number;
  /** SQLSTATE, SQLite's result code, `invalid_event` where it is none, or `damaged_frame`. */
  code: string;
  reason: string;
  /** How often the store was asked to take it. */
  attempts: number;
  /** UTC, six digits of the second. */
  deadAt: string;
  /** The event's text as it came; for a damaged frame whatever it held, in base64 unless it is UTF-8. */
  content: string;
}

export type Redriven =
  | { status: "stored" | "duplicate" | "conflict" }
  | { status: "refused"; code: string; reason: string };

export interface UnreadableFrame {
  /** The message id it was published with, if that can be read; the ledger's key must not change when it comes again. */
  frameId: string;
  origin: Origin;
  /** Events it declares, from its subject. */
  events: number;
  receivedAtMs: number;
  reason: string;
  content: Buffer;
}
