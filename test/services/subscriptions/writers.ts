import { eventText } from "@tidemark/event-store/contract/frames";

export const EVENTS = 100_000;
const WRITERS = 4;
const BATCH = 100;
/** The events of another writer in each batch. Both send them at about the same time. */
const SHARED = 10;

/** Returns the batches of each writer. Each batch has events of its own, events of another writer, and one event twice. */
export function createWriters(topic: string): string[][] {
  const ids = Array.from({ length: WRITERS }, (_, writer) =>
    Array.from({ length: EVENTS / WRITERS }, (_, index) => `${writer}-${index}`),
  );
  return ids.map((own, writer) =>
    Array.from({ length: own.length / BATCH }, (_, batch) => {
      const [start, end] = [batch * BATCH, (batch + 1) * BATCH];
      const ofAnother = ids[(writer + 1) % WRITERS]?.slice(start, start + SHARED) ?? [];
      const texts = [...own.slice(start, end), ...ofAnother, own[start]].map((id) =>
        eventText({ topic, ...(id && { id }) }),
      );
      return `[${texts.join(",")}]`;
    }),
  );
}
