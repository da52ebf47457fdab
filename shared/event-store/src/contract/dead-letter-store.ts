import type { DeadLetter, DeadLetterStore } from "../dead-letters.ts";
import type { EventStore } from "../event-store.ts";

type StoreWithDeadLetters = EventStore & DeadLetterStore;

/** An empty store for one test, and a way to make it refuse events that have nothing wrong with them. */
export interface OpenedDeadLetterStore {
  store: StoreWithDeadLetters;
  /** From now on the store itself refuses events of these ids, all with the same code. Called once before `accept`. */
  refuse(...eventIds: string[]): Promise<void>;
  /** It refuses them no longer. */
  accept(): Promise<void>;
  /** Closes the store and opens it again over the same data. */
  reopen(): Promise<StoreWithDeadLetters>;
  close(): Promise<void>;
}

export type OpenDeadLettersForTest = () => Promise<Omit<OpenedDeadLetterStore, "close">>;

export async function deadLettersOf(store: DeadLetterStore): Promise<DeadLetter[]> {
  const { deadLetters } = await store.listDeadLetters({ limit: 1_000 });
  return deadLetters;
}

export async function onlyDeadLetter(store: DeadLetterStore): Promise<DeadLetter> {
  const [letter, ...more] = await deadLettersOf(store);
  if (letter === undefined || more.length > 0) throw new Error("there is not exactly one dead letter");
  return letter;
}

/** The totals of the books. */
export async function countsOf(store: EventStore) {
  const { stored, duplicates, conflicts, deadLettered } = await store.readBooks({ maxTopics: 1 });
  return { stored, duplicates, conflicts, deadLettered };
}
