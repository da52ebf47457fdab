import type { Origin } from "@tidemark/domain/origin";
import type { Applied } from "./event-store.ts";

/**
 * The events that the store refused because of their data. `EventStore.apply` isolates such an event: it becomes a dead
 * letter in the transaction in which its neighbours commit, with the verdict `x`, and counts as dead-lettered in its topic.
 */
export interface DeadLetterStore {
  /**
   * Lists dead letters, the oldest first. The work is bounded. If the prefixes match few of them, a page may therefore
   * be short or even empty and still have a `next`.
   *
   * @throws {InvalidInput} `invalid_cursor`
   */
  listDeadLetters(query: DeadLetterQuery): Promise<DeadLetterPage>;

  /** Finds the topic of a dead letter, which never changes. Undefined when there is none, or when it cannot be read. */
  findDeadLetterTopic(id: string): Promise<string | undefined>;

  /**
   * Tries the event again, in one transaction. If the store accepts the event, the dead letter is removed, and its
   * verdict and the books change from dead-lettered to stored, duplicate or conflict. Otherwise the dead letter stays,
   * with one more attempt.
   *
   * @returns undefined when there is no such dead letter
   */
  redrive(id: string): Promise<Redriven | undefined>;

  /** Deletes a dead letter, which stays counted. Returns false when there is no such dead letter. */
  deleteDeadLetter(id: string): Promise<boolean>;

  /**
   * Makes one dead letter of an unreadable frame. It counts the events that the frame declares. A repeated call changes
   * nothing.
   */
  deadLetterFrame(frame: UnreadableFrame): Promise<Applied>;
}

/** The commands of a person about a dead letter. Both need the right to write. */
export type DeadLetterCommands = Pick<DeadLetterStore, "redrive" | "deleteDeadLetter">;

export interface DeadLetterQuery {
  topic?: string;
  /**
   * Limits the list to topics that begin with one of these texts, which do not overlap. The list then omits dead
   * letters whose topic cannot be read.
   */
  topicPrefixes?: readonly string[];
  limit: number;
  after?: string;
}

export interface DeadLetterPage {
  deadLetters: DeadLetter[];
  next?: string;
}

export interface DeadLetter {
  id: string;
  /** The id of the frame that held the event. */
  frameId: string;
  /** Absent when the topic could not be read. */
  topic?: string;
  /** The number of events that it stands for in the books: 1, or all of an unreadable frame. */
  events: number;
  /** SQLSTATE, SQLite's result code, `invalid_event` for an item that is not an event, `damaged_frame` or `out_of_time`. */
  code: string;
  reason: string;
  /** The number of times that the store refused it. */
  attempts: number;
  /** UTC, six digits of the second. */
  deadAt: string;
  /** The text of the event as it was received, or the content of a damaged frame; base64 unless it is UTF-8. */
  content: string;
}

export type Redriven =
  | { status: "stored" | "duplicate" | "conflict" }
  | { status: "refused"; code: string; reason: string };

export interface UnreadableFrame {
  /** The key of the ledger, the same at each delivery: the message id of the frame, if that can be read. */
  frameId: string;
  origin: Origin;
  /** The number of events that its subject declares. */
  events: number;
  receivedAtMs: number;
  reason: string;
  content: Buffer;
}
