import { InvalidInput } from "@tidemark/domain/errors";
import { toUtcMicroseconds } from "@tidemark/domain/timestamp";
import {
  MAX_SUBSCRIPTIONS,
  type Selection,
  type Subscription,
  type SubscriptionStart,
} from "@tidemark/event-store/subscriptions";
import { readJsonBody } from "@tidemark/http-api/json-body";
import {
  AckSchema,
  NewSubscriptionSchema,
  type SubscriptionAnswer,
} from "@tidemark/http-api/operations/subscriptions/subscription-schema";
import {
  acknowledge,
  deleteSubscription,
  putSubscription,
} from "@tidemark/http-api/operations/subscriptions/subscriptions-api";
import { createProblem, PROBLEM_TYPE } from "@tidemark/http-api/problem";
import { clientOf } from "@tidemark/runtime/access/client";
import type { FastifyInstance, FastifyReply } from "fastify";
import { registerOperation } from "../register-operation.ts";
import { acceptJson } from "./accept-json.ts";
import { decodePage } from "./page-cursor.ts";
import { type FindReached, noSuchSubscription, requireReach } from "./reached.ts";
import { currentPosition } from "./subscription-answer.ts";
import type { SubscriptionsOptions } from "./subscriptions.ts";

interface ChangesOptions extends Pick<SubscriptionsOptions, "store" | "cursors"> {
  find: FindReached;
  /** Returns a subscription as the API shows it. */
  withLag: (subscription: Subscription) => Promise<SubscriptionAnswer>;
}

/** Registers the routes that create, move and delete subscriptions. */
export function registerChanges(server: FastifyInstance, { store, cursors, find, withLag }: ChangesOptions): void {
  registerOperation(server, deleteSubscription, async (request, reply) => {
    const { name } = request.params;
    await find(clientOf(request), name);
    if (!(await store.deleteSubscription(name))) throw noSuchSubscription();
    // The position is lost for good, so the logger records when that was asked for.
    request.log.info({ subscription: name }, "deleted a subscription");
    return reply.code(204).send();
  });

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
