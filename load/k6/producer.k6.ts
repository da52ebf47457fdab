import exec from "k6/execution";
import { type Run, topicsOf } from "./run.k6.ts";

export interface SentEvent {
  topic: string;
  event_id: string;
  timestamp: string;
  source: string;
  payload: { order: number; note: string };
}

export interface Batch {
  events: SentEvent[];
  /** The events that were sent neither before nor earlier in this batch. */
  fresh: SentEvent[];
}

const REMEMBERED = 1_000;

/**
 * Makes the events of one virtual user. Its ids are unique to it, so it knows which of its events it sends
 * for the first time. Duplicates repeat events of the same batch, and earlier events that were confirmed.
 */
export class Producer {
  #made = 0;
  #confirmed: SentEvent[] = [];

  makeBatch(run: Run, size: number, duplicateRate: number): Batch {
    const batch: Batch = { events: [], fresh: [] };
    for (let index = 0; index < size; index++) {
      const known = [this.#confirmed, batch.fresh].filter((events) => events.length > 0);
      const from = known[Math.floor(Math.random() * known.length)];
      if (from !== undefined && Math.random() < duplicateRate) {
        batch.events.push(from[Math.floor(Math.random() * from.length)] as SentEvent);
      } else {
        const event = this.#makeEvent(run);
        batch.events.push(event);
        batch.fresh.push(event);
      }
    }
    return batch;
  }

  /** Records that the batch was accepted, so that later batches may repeat its events. */
  confirm({ fresh }: Batch): void {
    this.#confirmed = [...fresh, ...this.#confirmed].slice(0, REMEMBERED);
  }

  /** Returns a confirmed event, if there is one. */
  anyConfirmed(): SentEvent | undefined {
    return this.#confirmed[Math.floor(Math.random() * this.#confirmed.length)];
  }

  #makeEvent(run: Run): SentEvent {
    const number = this.#made++;
    const topics = topicsOf(run);
    return {
      topic: topics[number % topics.length] as string,
      event_id: `${exec.vu.idInTest}-${number}`,
      timestamp: "2025-10-23T10:00:00Z",
      source: `k6-user-${exec.vu.idInTest}`,
      payload: { order: number, note: "sent by k6" },
    };
  }
}
