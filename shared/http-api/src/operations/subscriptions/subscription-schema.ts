import { EventId, Topic } from "@tidemark/domain/event-schema";
import { toUtcMicroseconds } from "@tidemark/domain/timestamp";
import { z } from "zod";
import { Instant } from "../../page-schema.ts";
import { CurrentPosition } from "./current-position.ts";

// Clients resolve these two as steps of the path, also in the spelling %2E, so no address can name such a subscription.
const isDotSegment = (name: string) => name === "." || name === "..";

export const SubscriptionName = z.object({
  name: EventId.refine((name) => !isDotSegment(name), { error: "must not be `.` or `..`" }).meta({
    description: "The name of the subscription. Any text but `.` and `..`; it is kept unchanged.",
    example: "billing",
    not: { enum: [".", ".."] },
  }),
});

// JSON can spell text that UTF-8 cannot hold.
const isWellFormed = (text: string) => text.isWellFormed();
const WELL_FORMED = { error: "must not contain a lone surrogate" };

const FROM = 'must be "beginning", "now", or a date-time with a zone, such as 2025-10-23T10:00:00Z';

export const NewSubscriptionSchema = z
  .strictObject({
    topic: Topic.refine(isWellFormed, WELL_FORMED)
      .optional()
      .meta({ description: "Selects the events of this topic.", example: "user.login" }),
    topic_prefix: Topic.refine(isWellFormed, WELL_FORMED)
      .optional()
      // Without the example of a topic: together with the one of `topic` it would be no example.
      .meta({ description: "Selects the events of the topics that begin with this text.", example: undefined }),
    from: z
      .string({ error: ({ input }) => (input === undefined ? "is required" : FROM) })
      .refine((text) => text === "beginning" || text === "now" || toUtcMicroseconds(text) !== undefined, {
        error: FROM,
      })
      .meta({
        description:
          "Where a new subscription begins: `beginning`, before all events; `now`, behind all events that are stored; or a " +
          "time, before the first event stored then or later. Events stored up to a minute before that time may come along.",
        example: "beginning",
        anyOf: [{ enum: ["beginning", "now"] }, { format: "date-time" }],
      }),
  })
  .refine(({ topic, topic_prefix }) => topic === undefined || topic_prefix === undefined, {
    path: ["topic_prefix"],
    error: "cannot stand beside `topic`",
  })
  .meta({
    id: "NewSubscription",
    description: "Without `topic` and `topic_prefix` it has the events of all topics.",
    not: { required: ["topic", "topic_prefix"] },
  });

export const AckSchema = z
  .strictObject({
    cursor: z
      .string({ error: ({ input }) => (input === undefined ? "is required" : "must be a string") })
      .meta({ description: "The `cursor` of the page.", example: "AgAx" }),
  })
  .meta({ id: "Acknowledgement" });

export const SubscriptionSchema = z
  .object({
    name: z.string().meta({ example: "billing" }),
    topic: z.string().nullable().meta({ example: "user.login" }),
    topic_prefix: z.string().nullable().meta({ example: null }),
    ...CurrentPosition.shape,
    created_at: Instant,
    lag_events: z
      .int()
      .meta({ description: "The number of events that are stored and not acknowledged.", example: 12 }),
    lag_exact: z.boolean().meta({
      description: "False if there may be more: the count ends after 10,000 stored events.",
      example: true,
    }),
    lag_seconds: z
      .number()
      .meta({ description: "The time since the first of them was stored. 0 if there is none.", example: 3.2 }),
    payloads_expire_in_seconds: z
      .number()
      .nullable()
      .meta({
        description:
          "The time until the payload of the first of them is removed at the end of its retention. `null` without a retention, " +
          "and if there is none.",
        example: null,
      }),
    payloads_expired: z
      .int()
      .meta({ description: "The number of the counted events whose payload is removed already.", example: 0 }),
  })
  .meta({ id: "Subscription" });

export type SubscriptionAnswer = z.infer<typeof SubscriptionSchema>;

export const EXAMPLE_SUBSCRIPTION: SubscriptionAnswer = {
  name: "billing",
  topic: "user.login",
  topic_prefix: null,
  position: "AgAx",
  acknowledged: 500,
  created_at: "2025-10-23T10:00:00.000000Z",
  updated_at: "2025-10-23T10:05:00.123456Z",
  lag_events: 12,
  lag_exact: true,
  lag_seconds: 3.2,
  payloads_expire_in_seconds: null,
  payloads_expired: 0,
};
