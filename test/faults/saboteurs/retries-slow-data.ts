import { Unavailable } from "@tidemark/domain/errors";
import { SLOW_SOURCE } from "../load/sent-event.ts";
import { runSabotagedConsumer } from "./consumer-root.ts";

/**
 * A consumer that takes an event for which the database has too little time for a database that is away: it retries the
 * whole batch indefinitely. It recognises the event itself, because the real store would find it.
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
