import { InvalidInput } from "@tidemark/domain/errors";
import type { Subscription } from "@tidemark/event-store/subscriptions";
import { readSubscription } from "@tidemark/http-api/operations/subscriptions/subscriptions-api";
import { readPreferences } from "@tidemark/http-api/prefer";
import { clientOf } from "@tidemark/runtime/access/client";
import type { TopicReach } from "@tidemark/runtime/access/topic-reach";
import { Places } from "@tidemark/runtime/limits/places";
import type { FastifyInstance } from "fastify";
import { eventText } from "../events/event-text.ts";
import { NDJSON, wantsLines } from "../events/export.ts";
import { onOneLine } from "../events/one-line.ts";
import { sendWithin } from "../paging/list-page.ts";
import { registerOperation } from "../register-operation.ts";
import { closeOf } from "../stream/close-of.ts";
import { encodePage } from "./page-cursor.ts";
import type { FindReached } from "./reached.ts";
import type { SubscriptionsOptions } from "./subscriptions.ts";
import { waitForEvents } from "./wait-for-events.ts";

const MAX_WAIT_SECONDS = 60;
const MAX_WAITING = 256;

interface ReadingOptions extends SubscriptionsOptions {
  find: FindReached;
}

/** Registers `GET /subscriptions/{name}/events`. */
export function registerReading(server: FastifyInstance, options: ReadingOptions): void {
  const { store, pollers, cursors, budget, find } = options;
  const places = new Places({ name: "waiting subscribers", max: MAX_WAITING });
  const ending = new AbortController();
  server.addHook("preClose", async () => ending.abort());

  registerOperation(server, readSubscription, async (request, reply) => {
    const client = clientOf(request);
    const subscription = await find(client, request.params.name);
    const reach = topicsOf(subscription);
    let after = subscription.position;
    const { waitSeconds } = readPreferences(request.headers.prefer);
    const leave = waitSeconds === undefined ? undefined : places.tryEnter(client.id);
    if (waitSeconds !== undefined && leave !== undefined) {
      const seconds = Math.min(waitSeconds, MAX_WAIT_SECONDS);
      const signal = AbortSignal.any([ending.signal, closeOf(reply)]);
      const wait = { reach, after, waitMs: seconds * 1_000, client, signal };
      after = await waitForEvents({ reader: store, pollers }, wait).finally(leave);
      if (!ending.signal.aborted) reply.header("preference-applied", `wait=${seconds}`);
    }
    if (!client.isCurrent()) throw revokedMeanwhile();
    const hasLines = wantsLines(request.headers.accept);
    reply.header("vary", "Accept");
    const readText = async () => {
      const { limit } = request.query;
      const { events, next: to = after } = await store.listEvents({ order: "asc", limit, ...reach, after });
      const end = { count: events.length, cursor: encodePage(cursors, subscription, { to, events: events.length }) };
      return hasLines ? linesText(events.map(eventText), end) : pageText(events.map(eventText), end);
    };
    return sendWithin(budget, reply, readText, hasLines ? NDJSON : undefined);
  });
}

/** Returns the topics of a subscription in the form of a filter of lists. */
function topicsOf({ topic, topicPrefix }: Subscription): TopicReach {
  return { ...(topic !== undefined && { topic }), ...(topicPrefix !== undefined && { topicPrefixes: [topicPrefix] }) };
}

interface PageEnd {
  count: number;
  cursor: string;
}

function pageText(events: string[], { count, cursor }: PageEnd): string {
  return `{"count":${count},"events":[${events.join(",")}],"cursor":${JSON.stringify(cursor)}}`;
}

function linesText(events: string[], end: PageEnd): string {
  return [...events.map(onOneLine), JSON.stringify(end)].map((line) => `${line}\n`).join("");
}

function revokedMeanwhile(): InvalidInput {
  const detail = "the key was changed or removed while the request waited";
  return new InvalidInput({ code: "key_invalid", status: 401, detail });
}
