import { InvalidInput } from "@tidemark/domain/errors";
import { toUtcMicroseconds } from "@tidemark/domain/timestamp";
import type { EventReader } from "@tidemark/event-store/event-store";
import {
  MAX_SUBSCRIPTIONS,
  type Selection,
  type Subscription,
  type SubscriptionStart,
  type SubscriptionStore,
} from "@tidemark/event-store/subscriptions";
import { readJsonBody } from "@tidemark/http-api/json-body";
import { AckSchema, NewSubscriptionSchema } from "@tidemark/http-api/operations/subscriptions/subscription-schema";
import {
  acknowledge,
  deleteSubscription,
  findSubscription,
  listSubscriptions,
  putSubscription,
} from "@tidemark/http-api/operations/subscriptions/subscriptions-api";
import { createProblem, PROBLEM_TYPE } from "@tidemark/http-api/problem";
import { type Client, clientOf } from "@tidemark/runtime/access/client";
import { TOPIC_FORBIDDEN, topicForbidden } from "@tidemark/runtime/access/topic-reach";
import { coalesce } from "@tidemark/runtime/coalesce";
import type { FastifyInstance, FastifyReply } from "fastify";
import type { Cursors } from "../paging/cursor.ts";
import type { ReadBudget } from "../paging/read-budget.ts";
import { registerOperation } from "../register-operation.ts";
import type { Pollers } from "../stream/pollers.ts";
import { acceptJson } from "./accept-json.ts";
import { decodePage } from "./page-cursor.ts";
import { registerReading } from "./reading.ts";
import { currentPosition, subscriptionAnswer } from "./subscription-answer.ts";

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
  const find = async (client: Client, name: string) => {
    const found = await store.findSubscription(name);
    if (found === undefined) throw noSuchSubscription();
    requireReach(client, found);
    return found;
  };
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

  registerOperation(server, deleteSubscription, async (request, reply) => {
    const { name } = request.params;
    await find(clientOf(request), name);
    if (!(await store.deleteSubscription(name))) throw noSuchSubscription();
    // The position is lost for good, so the logger records when that was asked for.
    request.log.info({ subscription: name }, "deleted a subscription");
    return reply.code(204).send();
  });

  registerReading(server, { ...options, find });

  void server.register(async (scope) => {
    acceptJson(scope);

    registerOperation(scope, putSubscription, async (request, reply) => {
      const { name } = request.params;
      const { topic, topic_prefix: topicPrefix, from } = readJsonBody(NewSubscriptionSchema, request.body);
      const selection: Selection = { ...(topic && { topic }), ...(topicPrefix && { topicPrefix }) };
      requireReach(clientOf(request), selection);
      const created = await store.createSubscription({ name, ...selection, from: startOf(from) });
      if (created === undefined) throw tooManySubscriptions();
      const { subscription, isNew } = created;
      if (subscription.topic !== topic || subscription.topicPrefix !== topicPrefix) throw otherSelection();
      if (isNew) request.log.info({ subscription: name }, "created a subscription");
      return reply.code(isNew ? 201 : 200).send(await withLag(subscription));
    });

    registerOperation(scope, acknowledge, async (request, reply) => {
      const { name } = request.params;
      const { cursor } = readJsonBody(AckSchema, request.body);
      await find(clientOf(request), name);
      const acknowledged = await store.acknowledge(decodePage(cursors, name, cursor));
      if (acknowledged === undefined) throw noSuchSubscription();
      if (acknowledged.isAccepted) return reply.code(204).send();
      return sendMoved(reply, currentPosition(acknowledged.subscription, cursors));
    });
  });
}

function startOf(from: string): SubscriptionStart {
  return from === "beginning" || from === "now" ? from : { storedSince: toUtcMicroseconds(from) as string };
}

/** Whether a client reaches all topics of a selection. A part would not do: an acknowledgement passes all events. */
function isReached(client: Client, { topic, topicPrefix }: Selection): boolean {
  const text = topic ?? topicPrefix;
  return text === undefined ? client.topics === undefined : client.mayReach(text);
}

/** @throws {InvalidInput} 403 `topic_forbidden` */
function requireReach(client: Client, selection: Selection): void {
  if (isReached(client, selection)) return;
  const pointer = selection.topicPrefix === undefined ? "/topic" : "/topic_prefix";
  throw topicForbidden([{ pointer, detail: TOPIC_FORBIDDEN }]);
}

function noSuchSubscription(): InvalidInput {
  return new InvalidInput({ code: "not_found", status: 404, detail: "no subscription has this name" });
}

function otherSelection(): InvalidInput {
  const detail = "the subscription has other topics: delete it, or choose another name";
  return new InvalidInput({ code: "subscription_differs", status: 409, detail });
}

function tooManySubscriptions(): InvalidInput {
  const detail = `there are ${MAX_SUBSCRIPTIONS} subscriptions, which is the limit: delete one`;
  return new InvalidInput({ code: "too_many_subscriptions", status: 409, detail });
}

/** Answers 409 with the position. It is an answer and not an error, because it says more than an error can. */
function sendMoved(reply: FastifyReply, current: ReturnType<typeof currentPosition>): FastifyReply {
  const detail = "another worker has acknowledged a page since this one was read";
  const problem = createProblem(409, "subscription_moved", detail);
  return reply
    .code(409)
    .header("content-type", PROBLEM_TYPE)
    .send(JSON.stringify({ ...problem, current }));
}
