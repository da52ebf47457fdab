import type { SubscriptionStore } from "@tidemark/event-store/subscriptions";
import type { Logger } from "@tidemark/telemetry/logger";

export interface UnreadPayloadsOptions {
  store: Pick<SubscriptionStore, "listSubscriptions" | "readLag">;
  logger: Logger;
}

/**
 * Creates a function to call after payloads were removed. It logs a warning for each subscription that had not read some of
 * them, once until the subscription has acknowledged those.
 */
export function createUnreadPayloadsAlarm({ store, logger }: UnreadPayloadsOptions): () => Promise<void> {
  let reported = new Set<string>();
  return async () => {
    const losing = new Set<string>();
    for (const subscription of await store.listSubscriptions()) {
      const { name, updatedAt } = subscription;
      const { expired } = await store.readLag(subscription);
      if (expired === 0) continue;
      losing.add(name);
      if (reported.has(name)) continue;
      logger.warn({ subscription: name, expired, updatedAt }, "removed payloads that a subscription has not read");
    }
    reported = losing;
  };
}
