import { randomUUID } from "node:crypto";
import { runSabotagedConsumer } from "./consumer-root.ts";

/** A consumer that recognises no redelivered frame, so that a redelivery is counted as duplicates of the client. */
await runSabotagedConsumer(({ store }) => ({
  store: {
    async apply(deliveries, options) {
      const renamed = deliveries.map(({ frame, origin }) => ({
        frame: { ...frame, id: randomUUID() },
        // The ledger also recognises a frame by its origin.
        origin: { ...origin, generation: randomUUID() },
      }));
      const { frames, ...applied } = await store.apply(renamed, options);
      const named = frames.map((entry, index) => ({ ...entry, frameId: deliveries[index]?.frame.id as string }));
      return { ...applied, frames: named };
    },
  },
}));
