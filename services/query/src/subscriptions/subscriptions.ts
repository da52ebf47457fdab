import type { EventReader } from "@tidemark/event-store/event-store";
import type { Subscription, SubscriptionStore } from "@tidemark/event-store/subscriptions";
import { findSubscription, listSubscriptions } from "@tidemark/http-api/operations/subscriptions/subscriptions-api";
import { clientOf } from "@tidemark/runtime/access/client";
import { coalesce } from "@tidemark/runtime/coalesce";
import type { FastifyInstance } from "fastify";
import type { Cursors } from "../paging/cursor.ts";
import type { ReadBudget } from "../paging/read-budget.ts";
import { registerOperation } from "../register-operation.ts";
import type { Pollers } from "../stream/pollers.ts";
import { registerChanges } from "./changes.ts";
import { createFindReached, isReached } from "./reached.ts";
import { registerReading } from "./reading.ts";
import { subscriptionAnswer } from "./subscription-answer.ts";

export interface SubscriptionsOptions {
  store: SubscriptionStore & Pick<EventReader, "listEvents" | "readTip">;
  pollers: Pollers;
  cursors: Cursors;
  budget: ReadBudget;
  retentionDays?: number | undefined;
}

/** Registers the routes of durable subscriptions. Everything that they know is in the store. */
export function registerSubscriptions(server: FastifyInstance, options: SubscriptionsOptions): void {
  const { store, cursors, retentionDays = 0 } = options;
  // The requests of the same moment share one count, because a count passes up to 10,000 events.
  const readLag = coalesce((subscription: string) => store.readLag(JSON.parse(subscription) as Subscription));
  const withLag = async (subscription: Subscription) => {
    const lag = await readLag(JSON.stringify(subscription));
    return subscriptionAnswer(subscription, lag, { cursors, retentionDays, nowMs: Date.now() });
  };
  const find = createFindReached(store);
  // One after the other, and all requests for the list share them: each takes some milliseconds of the store.
  const readAll = coalesce(async (_key: "all") => {
    const all = [];
    for (const subscription of await store.listSubscriptions()) {
      all.push({ subscription, answer: await withLag(subscription) });
    }
    return all;
  });

  registerOperation(server, listSubscriptions, async (request) => {
    const client = clientOf(request);
    const seen = (await readAll("all")).filter(({ subscription }) => isReached(client, subscription));
    return { count: seen.length, subscriptions: seen.map(({ answer }) => answer) };
  });

  registerOperation(server, findSubscription, async (request) => {
    return withLag(await find(clientOf(request), request.params.name));
  });

  registerReading(server, { ...options, find });
  registerChanges(server, { store, cursors, find, withLag });
}
