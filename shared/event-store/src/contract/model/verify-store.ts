import { CONFLICT, countVerdicts, DUPLICATE, STORED } from "@tidemark/domain/verdict";
import { isSameJson } from "@tidemark/json/value";
import { createChoices, spellJson } from "@tidemark/test-support/json-spelling";
import { expect } from "vitest";
import type { DuplicateReader } from "../../duplicates.ts";
import type { EventStore } from "../../event-store.ts";
import { findStored } from "../applying.ts";
import { type Copy, contentOf, keyOf } from "./model-store.ts";

export type ModelledStore = EventStore & Pick<DuplicateReader, "listDuplicates">;

/** A frame and the verdicts that the store gave. */
export interface JudgedFrame {
  frameId: string;
  copies: Copy[];
  verdicts: string;
}

/**
 * Verifies that the verdicts are possible in some order of the frames, and that the store agrees with them: the events, the
 * duplicates, the ledger, and the books of each topic. No other frame may have events in these topics.
 */
export async function verifyStore(store: ModelledStore, judged: JudgedFrame[]): Promise<void> {
  const all = judged.flatMap(({ copies, verdicts }) =>
    copies.map((copy, index) => ({ copy, verdict: verdicts[index] ?? "" })),
  );
  const stored = new Map<string, Copy>();
  for (const { copy, verdict } of all) {
    if (verdict !== STORED) continue;
    expect(stored.get(keyOf(copy)), `${keyOf(copy)} was stored once`).toBeUndefined();
    stored.set(keyOf(copy), copy);
  }
  for (const { copy, verdict } of all) {
    const first = stored.get(keyOf(copy));
    expect(first, `one of the events ${keyOf(copy)} was stored`).toBeDefined();
    const isSame = first !== undefined && contentOf(first) === contentOf(copy);
    if (verdict !== STORED) expect([keyOf(copy), verdict]).toEqual([keyOf(copy), isSame ? DUPLICATE : CONFLICT]);
  }

  for (const { frameId, verdicts } of judged) expect(await store.findFrame(frameId)).toMatchObject({ verdicts });
  for (const copy of stored.values()) await verifyEvent(store, copy);
  for (const topic of new Set(all.map(({ copy }) => copy.topic))) {
    await verifyTopic(
      store,
      topic,
      all.filter(({ copy }) => copy.topic === topic),
    );
  }
}

async function verifyEvent(store: ModelledStore, copy: Copy): Promise<void> {
  const event = await findStored(store, copy.topic, copy.eventId);
  const fraction = String(copy.microseconds).padStart(6, "0");
  expect(event).toMatchObject({ source: copy.source, timestamp: `2025-10-23T10:00:00.${fraction}Z` });
  const choices = createChoices(0);
  expect(isSameJson(event.payload ?? "", copy.payload === undefined ? "{}" : spellJson(copy.payload, choices))).toBe(
    true,
  );
  expect(event.attributes === undefined).toBe(copy.attributes === undefined);
  if (event.attributes === undefined || copy.attributes === undefined) return;
  expect(isSameJson(event.attributes, spellJson(copy.attributes, choices))).toBe(true);
}

/** Recounts a topic's rows and compares them with the verdicts and the books. */
async function verifyTopic(
  store: ModelledStore,
  topic: string,
  judged: { copy: Copy; verdict: string }[],
): Promise<void> {
  const idsOf = (letters: string) =>
    judged.filter(({ verdict }) => letters.includes(verdict)).map(({ copy }) => copy.eventId);
  const events = await store.listEvents({ topic, limit: 1_000, order: "desc" });
  expect(events.events.map(({ eventId }) => eventId).toSorted()).toEqual(idsOf(STORED).toSorted());

  const { duplicates } = await store.listDuplicates({ topic, limit: 1_000 });
  const listed = duplicates.map(({ eventId, source, isConflict }) => JSON.stringify([eventId, source, isConflict]));
  const dropped = judged.filter(({ verdict }) => verdict !== STORED);
  const expected = dropped.map(({ copy, verdict }) =>
    JSON.stringify([copy.eventId, copy.source, verdict === CONFLICT]),
  );
  expect(listed.toSorted()).toEqual(expected.toSorted());

  const counts = countVerdicts(judged.map(({ verdict }) => verdict).join(""));
  const { byTopic } = await store.readBooks({ maxTopics: 1, topic });
  expect(byTopic).toMatchObject([
    { topic, stored: counts.accepted, duplicates: counts.duplicates, conflicts: counts.conflicts, deadLettered: 0 },
  ]);
}
