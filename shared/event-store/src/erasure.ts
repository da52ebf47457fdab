import type { DeadLetterStore } from "./dead-letters.ts";
import { eventIdOf } from "./frame-items.ts";

/** The default maximum number of conflicts of one event that a store keeps in full. */
export const DEFAULT_MAX_CONFLICTS_KEPT = 100;

/** Erases single events, and removes the payloads of old ones. The ids stay stored, and the books do not change. */
export interface Eraser {
  /**
   * Erases payload, attributes and source of an event, and those of its conflicts and dead letters. Later duplicates of
   * the event are not compared, and leave no content either. A repeated call only erases the dead letters that were
   * added since.
   *
   * @returns false when no such event is stored
   * @throws {Unavailable} `store_unreachable`; the event may be erased in part, and it is safe to call again
   */
  eraseEvent(topic: string, eventId: string): Promise<boolean>;

  /**
   * Takes one step of a scan over the events, in the order in which they were stored: removes payloads, and the content of
   * the conflicts of their events. The store keeps the position of the scan, so no step reads the events that an earlier
   * one has passed. Several processes may call it at once, and none waits for another.
   *
   * @throws {Unavailable} `store_unreachable`
   */
  expirePayloads(options: ExpirePayloads): Promise<ExpiryStep>;
}

/** The erasure that an operator may request. In the stack it needs the right to write. */
export type ErasureCommands = Pick<Eraser, "eraseEvent">;

export interface ExpirePayloads {
  /** The scan ends before the first event that was stored at this moment or later. */
  processedBeforeMs: number;
  /** The number of events that the step reads. It reads fewer if their payloads exceed `MAX_EXPIRED_BYTES`. */
  limit: number;
  /**
   * The pause after the step, in multiples of the time that the step took; an hour at most. Until then a step of any other
   * process answers `isBusyElsewhere`. Default: 0. A store of one process ignores it.
   */
  pauses?: number;
}

export interface ExpiryStep {
  /** The number of payloads removed. */
  expired: number;
  /** Whether the scan has reached an event that is too young. */
  isAtEnd: boolean;
  /** Whether another process takes a step, or its pause lasts. This step did nothing, so it does not know where the scan is. */
  isBusyElsewhere?: true;
}

/** The bytes of payloads after which a step ends, so that it stays short. It removes at least one. */
export const MAX_EXPIRED_BYTES = 16_000_000;

/** The number of conflicts that one transaction erases. */
export const ERASED_AT_ONCE = 1_000;

/** The number of dead letters that an erasure reads at a time, or fewer: a page also ends after `MAX_PAGE_BYTES`. */
export const DEAD_LETTERS_READ_AT_ONCE = 50;

/**
 * Deletes the dead letters of one event, which stay counted. Those of a frame that could not be read have no event.
 *
 * The event's id is in the content only, so all dead letters of the topic are read, page by page. There are none, unless the
 * store refused events of this topic.
 */
export async function eraseDeadLetters(
  store: Pick<DeadLetterStore, "listDeadLetters" | "deleteDeadLetter">,
  topic: string,
  eventId: string,
): Promise<void> {
  for (let after: string | undefined; ; ) {
    const page = { topic, limit: DEAD_LETTERS_READ_AT_ONCE, ...(after && { after }) };
    const { deadLetters, next } = await store.listDeadLetters(page);
    for (const { id, content } of deadLetters) {
      if (eventIdOf(content) === eventId) await store.deleteDeadLetter(id);
    }
    if (next === undefined) return;
    after = next;
  }
}
