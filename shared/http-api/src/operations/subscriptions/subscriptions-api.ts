import { z } from "zod";
import type { Operation } from "../../operation.ts";
import { Limit } from "../../page-schema.ts";
import { problems } from "../../problem-schema.ts";
import { StoredEventSchema } from "../events-api.ts";
import { PreferenceApplied } from "../publish-api.ts";
import {
  AckSchema,
  EXAMPLE_SUBSCRIPTION,
  NewSubscriptionSchema,
  SubscriptionName,
  SubscriptionSchema,
} from "./subscription-schema.ts";

const TAGS = ["Subscriptions"];
const PATH = z.object(SubscriptionName.shape);
const REFUSED_BODIES = [
  "malformed_json",
  "invalid_encoding",
  "body_too_large",
  "unsupported_media_type",
  "invalid_body",
] as const;

const subscription = { "application/json": { schema: SubscriptionSchema, example: EXAMPLE_SUBSCRIPTION } };

export const putSubscription = {
  method: "put",
  path: "/subscriptions/{name}",
  scope: "read",
  operationId: "putSubscription",
  tags: TAGS,
  summary: "Create a subscription",
  description:
    "A subscription keeps a position in the order in which events are stored. A worker reads the events behind it and " +
    "acknowledges them, which moves it. One that exists keeps its position, so that a worker may send this at each start. At " +
    "most 100 subscriptions exist.",
  requestParams: { path: PATH },
  requestBody: {
    required: true,
    content: {
      "application/json": { schema: NewSubscriptionSchema, example: { topic: "user.login", from: "beginning" } },
    },
  },
  responses: {
    "201": { description: "The subscription is created.", content: subscription },
    "200": { description: "The subscription exists, with the same topics.", content: subscription },
    ...problems(
      "cross_site",
      "scope_missing",
      "topic_forbidden",
      "invalid_parameter",
      ...REFUSED_BODIES,
      "subscription_differs",
      "too_many_subscriptions",
      "store_unreachable",
    ),
  },
} satisfies Operation;

export const listSubscriptions = {
  method: "get",
  path: "/subscriptions",
  scope: "read",
  operationId: "listSubscriptions",
  tags: TAGS,
  summary: "List subscriptions and their lag",
  description: "A key that is limited to topics sees the subscriptions to these topics alone.",
  responses: {
    "200": {
      description: "All subscriptions, in the order of their names.",
      content: {
        "application/json": {
          schema: z
            .object({
              count: z.int().meta({ description: "The number of subscriptions in this answer.", example: 1 }),
              subscriptions: z.array(SubscriptionSchema),
            })
            .meta({ id: "SubscriptionsAnswer" }),
          example: { count: 1, subscriptions: [EXAMPLE_SUBSCRIPTION] },
        },
      },
    },
    ...problems("invalid_parameter", "store_unreachable"),
  },
} satisfies Operation;

export const findSubscription = {
  method: "get",
  path: "/subscriptions/{name}",
  scope: "read",
  operationId: "findSubscription",
  tags: TAGS,
  summary: "Read a subscription and its lag",
  requestParams: { path: PATH },
  responses: {
    "200": { description: "The subscription.", content: subscription },
    ...problems("scope_missing", "topic_forbidden", "invalid_parameter", "not_found", "store_unreachable"),
  },
} satisfies Operation;

const PreferWait = z.object({
  Prefer: z.string().optional().meta({
    description: "A preference (RFC 7240). `wait=N`: wait at most N seconds for an event, and not more than 60.",
    example: "wait=10",
  }),
});

const PageEnd = {
  count: z.int().meta({ description: "The number of events in this answer.", example: 1 }),
  cursor: z.string().meta({ description: "What `POST /subscriptions/{name}/ack` takes.", example: "AgAx" }),
};

const SubscriptionPage = z
  .object({ count: PageEnd.count, events: z.array(StoredEventSchema), cursor: PageEnd.cursor })
  .meta({ id: "SubscriptionPage" });

const SubscriptionLine = z
  .union([StoredEventSchema, z.object(PageEnd).meta({ id: "SubscriptionPageEnd" })])
  .meta({ id: "SubscriptionLine" });

const EXAMPLE_EVENT = {
  topic: "user.login",
  event_id: "evt-001",
  timestamp: "2025-10-23T10:00:00.000000Z",
  source: "auth-service",
  payload: { user_id: "123" },
  processed_at: "2025-10-23T10:00:00.123456Z",
};

const EXAMPLE_LINES = [EXAMPLE_EVENT, { count: 1, cursor: "AgAx" }].map((line) => `${JSON.stringify(line)}\n`).join("");

export const readSubscription = {
  method: "get",
  path: "/subscriptions/{name}/events",
  scope: "read",
  operationId: "readSubscription",
  tags: TAGS,
  summary: "Read the events behind a subscription",
  description:
    "Answers the next unique events in the order in which they were stored, as `GET /events?order=asc` does. Reading does not " +
    "move the subscription: the next answer has the same events until they are acknowledged. Every answer has a `cursor`, " +
    "also one without events: it has passed events of other topics. Acknowledge it as well.\n\n" +
    "With `Prefer: wait=N` (at most 60) the answer waits for an event, if there is none yet. With `Accept: " +
    "application/x-ndjson` the events come one a line, and a last line has the `cursor`. An answer without this last line is " +
    "incomplete.",
  requestParams: { path: PATH, query: z.strictObject({ limit: Limit }), header: PreferWait },
  responses: {
    "200": {
      description: "A page of events, which may be empty.",
      headers: z.object({ "Preference-Applied": PreferenceApplied }),
      content: {
        "application/json": {
          schema: SubscriptionPage,
          example: { count: 1, events: [EXAMPLE_EVENT], cursor: "AgAx" },
        },
        "application/x-ndjson": { schema: SubscriptionLine, examples: { lines: { value: EXAMPLE_LINES } } },
      },
    },
    ...problems(
      "key_invalid",
      "scope_missing",
      "topic_forbidden",
      "invalid_parameter",
      "not_found",
      "too_many_lists",
      "overloaded",
      "store_unreachable",
    ),
  },
} satisfies Operation;

export const acknowledge = {
  method: "post",
  path: "/subscriptions/{name}/ack",
  scope: "read",
  operationId: "acknowledge",
  tags: TAGS,
  summary: "Acknowledge a page of a subscription",
  description:
    "Moves the subscription behind the page. If another page with events was acknowledged since this one was read, another " +
    "worker has read the same events and was first: 409, with the position as it is, and nothing changes. The same cursor may " +
    "be sent again, after a lost answer for example, until a later page with events is acknowledged.",
  requestParams: { path: PATH },
  requestBody: { required: true, content: { "application/json": { schema: AckSchema, example: { cursor: "AgAx" } } } },
  responses: {
    "204": { description: "The page is acknowledged." },
    ...problems(
      "cross_site",
      "scope_missing",
      "topic_forbidden",
      "invalid_parameter",
      "invalid_cursor",
      ...REFUSED_BODIES,
      "not_found",
      "subscription_moved",
      "store_unreachable",
    ),
  },
} satisfies Operation;

export const deleteSubscription = {
  method: "delete",
  path: "/subscriptions/{name}",
  scope: "admin",
  operationId: "deleteSubscription",
  tags: TAGS,
  summary: "Delete a subscription",
  description: "Its position is lost for good. No event is.",
  requestParams: { path: PATH },
  responses: {
    "204": { description: "The subscription is deleted." },
    ...problems(
      "cross_site",
      "scope_missing",
      "topic_forbidden",
      "invalid_parameter",
      "not_found",
      "store_unreachable",
    ),
  },
} satisfies Operation;
