import { Unavailable } from "@tidemark/domain/errors";
import { SLOW_SOURCE } from "../load/sent-event.ts";
import { runSabotagedConsumer } from "./consumer-root.ts";

/**
 * A consumer that treats an event that takes too long as if the database were down, and retries the whole batch
 * indefinitely. It finds the event itself, because the real store would make it a dead letter.
 */
await runSabotagedConsumer(({ store }) => ({
  store: {
    async apply(deliveries, options) {
      if (!deliveries.some(({ frame }) => frame.events.includes(`"${SLOW_SOURCE}"`)))
        return store.apply(deliveries, options);
      throw new Unavailable({ code: "store_unreachable", detail: "the database ran out of time" });
    },
  },
}));
