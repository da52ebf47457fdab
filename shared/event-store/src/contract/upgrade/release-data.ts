import { deliveryOf, eventText, type SampleEvent } from "../frames.ts";
import type { CompleteStore } from "../store-under-test.ts";

const GENERATION = "2025-10-23T08:00:00.000000000Z";
export const TIMESTAMP = "2025-10-23T10:00:00.123456Z";

/** The log of the data: frames up to sequence 5 have left it. */
export const RELEASE_LOG = { generation: GENERATION, held: [{ first: 6, last: 9 }], lastSequence: 9 };

const counted = (stored: number, duplicates: number, conflicts: number, deadLettered: number) => {
  return { stored, duplicates, conflicts, deadLettered };
};
const COUNTS = counted(8, 5, 2, 4);

/** The books of the data, as the release that wrote it read them. */
export const RELEASE_BOOKS = {
  ...COUNTS,
  topicsTotal: 3,
  byTopic: [
    { topic: "orders", ...counted(5, 3, 1, 2) },
    { topic: "logins", ...counted(3, 2, 1, 0) },
    { topic: "", ...counted(0, 0, 0, 2) },
  ],
  sourcesTotal: 3,
  bySource: [
    { source: "auth", duplicates: 2, conflicts: 1, ages: [2, 0, 0, 0, 0, 0] },
    { source: "shop", duplicates: 2, conflicts: 0, ages: [2, 0, 0, 0, 0, 0] },
    { source: "backfill", duplicates: 1, conflicts: 1, ages: [1, 0, 0, 0, 0, 0] },
  ],
  appliedHeldEvents: 8,
  appliedGoneFrames: 5,
  tableDrift: 0,
  lastAudit: { isBalanced: true, booked: COUNTS, counted: COUNTS },
};

const order = (id: string, content: SampleEvent = {}) =>
  eventText({ topic: "orders", id, source: "shop", timestamp: TIMESTAMP, payload: '{"total":1}', ...content });
const login = (id: string, content: SampleEvent = {}) => order(id, { topic: "logins", source: "auth", ...content });

function frame(sequence: number, events: string[]) {
  const id = `00000000-0000-4000-8000-00000000000${sequence}`;
  const receivedAtMs = Date.parse("2025-10-23T10:00:00Z") + sequence * 1_000;
  return deliveryOf(events, { id, generation: GENERATION, sequence, receivedAtMs });
}

const FIRST = () => frame(1, [order("o-1"), order("o-2", { attributes: '{"region":"eu"}' }), login("l-1")]);

/**
 * Fills an empty store like a database in use: events, duplicates of which one was pruned, conflicts, a dead letter, a
 * deleted dead letter, a damaged frame, an audit, and a frame that the log delivered twice from one position and once
 * from another. The tables that each release wrote from these data are in `fixture/version-N.sql`.
 *
 * @param second another process on the same database, with counters of its own. It is the store itself where only one
 * process can write
 */
export async function writeReleaseData(store: CompleteStore, second: CompleteStore): Promise<void> {
  const apply = (by: CompleteStore, ...deliveries: ReturnType<typeof frame>[]) => by.apply(deliveries, { maxNamed: 0 });
  await apply(store, FIRST());
  const noPayload = eventText({ topic: "orders", id: "o-3", source: "shop", timestamp: TIMESTAMP });
  await apply(store, frame(2, [order("o-1"), order("o-2", { source: "backfill", payload: '{"total":2}' }), noPayload]));
  await pruneDuplicates(store);
  await apply(store, frame(3, [order("o-4"), order("refused", { timestamp: "never" })]));
  const damaged = frame(4, []);
  await apply(store, { ...damaged, frame: { ...damaged.frame, requests: [2], events: Buffer.from([0xff, 0]) } });
  await apply(store, frame(5, [order("o-5"), order("o-1")]));
  await apply(store, frame(8, [order("refused", { timestamp: "never" })]));
  const { deadLetters } = await store.listDeadLetters({ limit: 10 });
  await store.deleteDeadLetter(String(deadLetters.at(-1)?.id));
  // The two processes count separately, and the books add up both.
  await apply(store, frame(6, [login("l-2"), login("l-1", { payload: '{"total":3}' })]));
  await apply(second, frame(7, [login("l-3"), login("l-2")]));
  await apply(second, FIRST());
  await apply(second, { ...FIRST(), origin: { generation: GENERATION, sequence: 9 } });
  await store.audit();
}

async function pruneDuplicates(store: CompleteStore): Promise<void> {
  const receivedBeforeMs = Date.parse("2025-10-23T10:00:03Z");
  let step = await store.pruneDuplicates({ receivedBeforeMs, limit: 10 });
  while (!step.isAtEnd) {
    step = await store.pruneDuplicates({ receivedBeforeMs, limit: 10, after: step.position ?? "" });
  }
}

/**
 * Applies a frame with a duplicate, a conflict and a new event, and once more the frame that the log had delivered twice.
 *
 * @returns the verdicts, `RELEASE_VERDICTS` if the store knows what the release before had stored
 */
export async function continueReleaseData(store: CompleteStore): Promise<string[]> {
  const next = frame(0, [order("o-1"), order("o-4", { payload: '{"total":9}' }), order("new")]);
  const again = { ...FIRST(), origin: { generation: GENERATION, sequence: 11 } };
  const { frames } = await store.apply([{ ...next, origin: { generation: GENERATION, sequence: 10 } }, again], {
    maxNamed: 0,
  });
  return frames.map(({ verdicts, isNew }) => `${verdicts}${isNew ? "" : " again"}`);
}

export const RELEASE_VERDICTS = ["dcs", "sss again"];
