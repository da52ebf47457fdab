import { EventId, Payload, Source, Timestamp, Topic } from "@tidemark/domain/event";
import { toUtcMicroseconds } from "@tidemark/domain/timestamp";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { Cursor, GivenLimit, Instant, NextCursor, nextPageHeaders } from "../page-schema.ts";
import { problems } from "../problem-schema.ts";

/** An instant as stores know it: one instant, one text, however it was written. */
const Moment = Timestamp.transform((text) => toUtcMicroseconds(text) as string).optional();

export const EventsParameters = z.strictObject({
  topic: Topic.optional().meta({ description: "Only events of this topic; without it, of all." }),
  source: Source.optional().meta({ description: "Only events that this source sent." }),
  event_id: EventId.optional().meta({
    description: "Only events of this id. With `topic` it is looked up, without it events are looked through.",
  }),
  since: Moment.meta({
    description: "Only events with this `timestamp` or a later one.",
    example: "2025-10-23T10:00:00Z",
  }),
  until: Moment.meta({ description: "Only events with an earlier `timestamp`.", example: "2025-10-24T00:00:00+02:00" }),
  limit: GivenLimit,
  order: z.enum(["asc", "desc"]).default("desc").meta({
    example: "desc",
    description:
      "`desc`: newest processed first. `asc`: oldest processed first, skipping none that commits later; ends never, so that a walker can come back for more.",
  }),
  cursor: Cursor,
});

export type EventsParameters = z.infer<typeof EventsParameters>;

const EventKey = z.object({ topic: Topic, event_id: EventId });

/** An event as it is read. Documents only: answers are spliced from stored text, so that numbers keep every digit. */
export const StoredEventSchema = z
  .object({
    topic: Topic,
    event_id: EventId,
    timestamp: Instant,
    source: Source,
    payload: Payload.nullable().meta({ description: "`null` once it has passed its retention." }),
    attributes: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: "The fields that the producer sent beyond those of an event." }),
    processed_at: Instant.meta({ description: "When it was stored." }),
    payload_expired_at: Instant.optional().meta({ description: "When its payload was removed, once it was." }),
  })
  .meta({ id: "StoredEvent", description: "An event as it is stored." });

const EventsAnswer = z
  .object({
    topic: z
      .string()
      .nullable()
      .meta({ description: "The topic that was asked for; `null`: all.", example: "user.login" }),
    count: z.int().meta({ description: "Events in this answer.", example: 1 }),
    events: z.array(StoredEventSchema),
    next_cursor: NextCursor.meta({
      description: "Where to go on; `null` at the end of `order=desc`. The same stands in `Link`.",
    }),
  })
  .meta({ id: "EventsAnswer" });

const EXAMPLE_EVENT = {
  topic: "user.login",
  event_id: "evt-001",
  timestamp: "2025-10-23T10:00:00.000000Z",
  source: "auth-service",
  payload: { user_id: "123" },
  processed_at: "2025-10-23T10:00:00.123456Z",
};

const EXPIRED_EVENT = { ...EXAMPLE_EVENT, payload: null, payload_expired_at: "2025-11-22T10:00:00.000000Z" };

const EXAMPLE_PAGE = { topic: "user.login", count: 1, events: [EXAMPLE_EVENT], next_cursor: null };

const ExportEnd = z
  .object({
    complete: z.boolean().meta({
      description:
        "Whether every event that was asked for is there. If not: a `limit` was reached, or the service stopped.",
    }),
    count: z.int().meta({ description: "Events in this answer.", example: 1 }),
    next_cursor: NextCursor.meta({
      description:
        "Where to go on; `null` at the end of `order=desc`. Always there with `order=asc`, for what comes later.",
    }),
  })
  .meta({ id: "ExportEnd", description: "The last line of an export." });

const ExportLine = z.union([StoredEventSchema, ExportEnd]).meta({ id: "ExportLine" });

const EXAMPLE_EXPORT = [EXAMPLE_EVENT, { complete: true, count: 1, next_cursor: "AQEx" }]
  .map((line) => `${JSON.stringify(line)}\n`)
  .join("");

export const listEvents = {
  method: "get",
  path: "/events",
  operationId: "listEvents",
  tags: ["Events"],
  summary: "List events",
  description:
    "Unique events, by the order of their processing. Pages cost the same at any depth. The work of a page is bounded: " +
    "with `source`, `since`, `until`, or an `event_id` without its topic, it looks at 10,000 events, so it may be short, " +
    "even empty, and still have a `next_cursor`. A cursor belongs to the order and filters it was given with.\n\n" +
    "With `Accept: application/x-ndjson` the answer is an export: every event that was committed before the request " +
    "began, one a line, and a last line that says whether that was all (`complete`), how many events it holds and where " +
    "to go on. An answer without that line was cut.",
  requestParams: { query: EventsParameters },
  responses: {
    "200": {
      description: "A page of events.",
      headers: nextPageHeaders("/events?limit=100&order=asc&cursor=AQEx"),
      content: {
        "application/json": { schema: EventsAnswer, example: EXAMPLE_PAGE },
        "application/x-ndjson": { schema: ExportLine, examples: { lines: { value: EXAMPLE_EXPORT } } },
      },
    },
    ...problems("invalid_parameter", "invalid_cursor", "overloaded", "store_unreachable"),
  },
} satisfies Operation;

export const findEvent = {
  method: "get",
  path: "/events/{topic}/{event_id}",
  operationId: "findEvent",
  tags: ["Events"],
  summary: "Find an event by its key",
  description: "Slashes and the like in a topic or an id are percent-encoded.",
  requestParams: { path: EventKey },
  responses: {
    "200": {
      description: "The event.",
      content: {
        "application/json": {
          schema: StoredEventSchema,
          examples: {
            whole: { summary: "As it is", value: EXAMPLE_EVENT },
            expired: { summary: "Its payload has passed its retention", value: EXPIRED_EVENT },
          },
        },
      },
    },
    ...problems("invalid_parameter", "not_found", "store_unreachable"),
  },
} satisfies Operation;
