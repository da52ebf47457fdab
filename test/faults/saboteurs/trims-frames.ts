import type { Frame } from "@tidemark/domain/frame";
import { STORED } from "@tidemark/domain/verdict";
import { runSabotagedConsumer } from "./consumer-root.ts";

const EVERY = 20;

/**
 * A consumer that drops the last event of some frames before it applies them, and reports it as stored. The books, their
 * recount and the drift agree with each other, because the store never had these events.
 */
await runSabotagedConsumer(({ store }) => {
  let frames = 0;
  return {
    store: {
      async apply(deliveries, options) {
        const trimmed = new Map(
          deliveries.flatMap(({ frame }) => {
            const rest = ++frames % EVERY === 0 ? withoutLastEvent(frame) : undefined;
            return rest === undefined ? [] : [[frame.id, rest] as const];
          }),
        );
        const changed = deliveries.map(({ frame, origin }) => ({ frame: trimmed.get(frame.id) ?? frame, origin }));
        const applied = await store.apply(changed, options);
        const whole = applied.frames.map((entry) =>
          trimmed.has(entry.frameId) ? { ...entry, verdicts: entry.verdicts + STORED } : entry,
        );
        return { ...applied, frames: whole };
      },
    },
  };
});

const EVENT_BEGINS = ',{"topic":';

/** Returns undefined if the last request of the frame has no other event. */
function withoutLastEvent(frame: Frame): Frame | undefined {
  const end = frame.events.lastIndexOf(EVENT_BEGINS);
  const inLastRequest = frame.requests.at(-1) as number;
  if (inLastRequest < 2 || end < 0) return undefined;
  return {
    ...frame,
    requests: [...frame.requests.slice(0, -1), inLastRequest - 1],
    events: Buffer.concat([frame.events.subarray(0, end), Buffer.from("]")]),
  };
}
