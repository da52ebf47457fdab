import { randomUUID } from "node:crypto";
import { runSabotagedConsumer } from "./consumer-root.ts";

/** Knows no frame again: a redelivery is counted as a client's duplicates. */
await runSabotagedConsumer(({ store }) => ({
  store: {
    async apply(deliveries, options) {
      const renamed = deliveries.map(({ frame, origin }) => ({
        frame: { ...frame, id: randomUUID() },
        // The ledger knows a frame by where it stood as well.
        origin: { ...origin, generation: randomUUID() },
      }));
      const { frames, ...applied } = await store.apply(renamed, options);
      const named = frames.map((entry, index) => ({ ...entry, frameId: deliveries[index]?.frame.id as string }));
      return { ...applied, frames: named };
    },
  },
}));
