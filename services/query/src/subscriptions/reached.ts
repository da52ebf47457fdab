import { InvalidInput } from "@tidemark/domain/errors";
import type { Selection, Subscription, SubscriptionStore } from "@tidemark/event-store/subscriptions";
import type { Client } from "@tidemark/runtime/access/client";
import { TOPIC_FORBIDDEN, topicForbidden } from "@tidemark/runtime/access/topic-reach";

/**
 * Finds a subscription for a client.
 *
 * @throws {InvalidInput} 404 `not_found`, or 403 `topic_forbidden` if the client does not reach all of its topics
 */
export type FindReached = (client: Client, name: string) => Promise<Subscription>;

export function createFindReached(store: Pick<SubscriptionStore, "findSubscription">): FindReached {
  return async (client, name) => {
    const found = await store.findSubscription(name);
    if (found === undefined) throw noSuchSubscription();
    requireReach(client, found);
    return found;
  };
}

/** Whether a client reaches all topics of a selection. A part would not do: an acknowledgement passes all events. */
export function isReached(client: Client, { topic, topicPrefix }: Selection): boolean {
  const text = topic ?? topicPrefix;
  return text === undefined ? client.topics === undefined : client.mayReach(text);
}

/** @throws {InvalidInput} 403 `topic_forbidden` */
export function requireReach(client: Client, selection: Selection): void {
  if (isReached(client, selection)) return;
  const pointer = selection.topicPrefix === undefined ? "/topic" : "/topic_prefix";
  throw topicForbidden([{ pointer, detail: TOPIC_FORBIDDEN }]);
}

export function noSuchSubscription(): InvalidInput {
  return new InvalidInput({ code: "not_found", status: 404, detail: "no subscription has this name" });
}
