import { untilScannable } from "../applying.ts";
import type { CompleteStore } from "../store-under-test.ts";
import { TIMESTAMP } from "./release-data.ts";

/** Reads everything that `writeReleaseData` wrote, in the form of `RELEASE_CONTENT`. */
export async function readReleaseContent(store: CompleteStore) {
  await untilScannable(store);
  const { events } = await store.listEvents({ order: "asc", limit: 100 });
  const { duplicates } = await store.listDuplicates({ limit: 100 });
  const { deadLetters } = await store.listDeadLetters({ limit: 100 });
  const redelivered = await store.findFrame("00000000-0000-4000-8000-000000000001");
  return {
    events: events.map(({ topic, eventId, payload, attributes }) => [topic, eventId, payload, attributes].join(" ")),
    timestamps: [...new Set(events.map(({ timestamp }) => timestamp))],
    duplicates: duplicates.map(({ eventId, source, content }) => [eventId, source, content?.payload].join(" ")),
    deadLetters: deadLetters.map(({ id, topic, events: count }) => [id, topic, count].join(" ")),
    verdicts: redelivered?.verdicts,
  };
}

export const RELEASE_CONTENT = {
  events: [
    'orders o-1 {"total":1} ',
    'orders o-2 {"total":1} {"region":"eu"}',
    'logins l-1 {"total":1} ',
    "orders o-3 {} ",
    'orders o-4 {"total":1} ',
    'orders o-5 {"total":1} ',
    'logins l-2 {"total":1} ',
    'logins l-3 {"total":1} ',
  ],
  timestamps: [TIMESTAMP],
  duplicates: ["l-2 auth ", 'l-1 auth {"total":3}', "o-1 shop ", 'o-2 backfill {"total":2}'],
  deadLetters: ["1 orders 1", "2  2"],
  verdicts: "sss",
};
