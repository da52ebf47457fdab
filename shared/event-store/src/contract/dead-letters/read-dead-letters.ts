import type { DeadLetter, DeadLetterStore } from "../../dead-letters.ts";
import type { EventStore } from "../../event-store.ts";

export async function deadLettersOf(store: DeadLetterStore): Promise<DeadLetter[]> {
  const { deadLetters } = await store.listDeadLetters({ limit: 1_000 });
  return deadLetters;
}

export async function onlyDeadLetter(store: DeadLetterStore): Promise<DeadLetter> {
  const [letter, ...more] = await deadLettersOf(store);
  if (letter === undefined || more.length > 0) throw new Error("there is not exactly one dead letter");
  return letter;
}

/** Reads the totals of the books. */
export async function countsOf(store: EventStore) {
  const { stored, duplicates, conflicts, deadLettered } = await store.readBooks({ maxTopics: 1 });
  return { stored, duplicates, conflicts, deadLettered };
}
