import { Event, EventId, Payload, Source, Timestamp, Topic } from "@tidemark/domain/event-schema";
import { toUtcMicroseconds } from "@tidemark/domain/timestamp";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { Cursor, GivenLimit, Instant, NextCursor, nextPageHeaders } from "../page-schema.ts";
import { problems } from "../problem-schema.ts";

/** An instant as the text that stores compare, which is the same for every spelling of the instant. */
const Moment = Timestamp.transform((text) => toUtcMicroseconds(text) as string).optional();

export const EventsParameters = z.strictObject({
  topic: Topic.optional().meta({ description: "Selects the events of this topic; all topics if absent." }),
  topic_prefix: Topic.optional().meta({
    description: "Selects the events of the topics that begin with this text.",
    example: "user.",
  }),
  source: Source.optional().meta({ description: "Selects the events that this source sent." }),
  event_id: EventId.optional().meta({
    description:
      "Selects the events with this id. With `topic` it is looked up; without `topic` the events are searched one by one.",
  }),
  since: Moment.meta({
    description: "Selects the events with this `timestamp` or a later one.",
    example: "2025-10-23T10:00:00Z",
  }),
  until: Moment.meta({
    description: "Selects the events with an earlier `timestamp`.",
    example: "2025-10-24T00:00:00+02:00",
  }),
  limit: GivenLimit,
  order: z
    .enum(["asc", "desc"])
    .default("desc")
    .meta({
      example: "desc",
      description:
        "`desc`: the event that was stored last comes first. `asc`: the event that was stored first comes first. A scan with " +
        "`asc` skips no event that commits later and has no end, so a reader can continue it at any time.",
    }),
  cursor: Cursor,
});

export type EventsParameters = z.infer<typeof EventsParameters>;

const EventKey = z.object({ topic: Topic, event_id: EventId });

/**
 * An event in an answer. This schema is for the document only. Answers are joined from stored text, so that numbers
 * keep every digit.
 */
export const StoredEventSchema = z
  .object({
    ...Event.shape,
    timestamp: Instant,
    source: Source.nullable().meta({ description: "`null` once the event has been erased." }),
    payload: Payload.nullable().meta({
      description: "`null` after its retention, and once the event has been erased.",
    }),
    attributes: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: "The further fields that the producer sent." }),
    processed_at: Instant.meta({ description: "The time at which the event was stored." }),
    payload_expired_at: Instant.optional().meta({
      description: "The time at which the payload was removed at the end of its retention. Present if it was.",
    }),
    erased_at: Instant.optional().meta({ description: "The time at which the event was erased. Present if it was." }),
  })
  .meta({ id: "StoredEvent", description: "A stored event." });

const EventsAnswer = z
  .object({
    topic: z
      .string()
      .nullable()
      .meta({ description: "The requested topic; `null` for all topics.", example: "user.login" }),
    count: z.int().meta({ description: "The number of events in this answer.", example: 1 }),
    events: z.array(StoredEventSchema),
    next_cursor: NextCursor.meta({
      description: "The cursor of the next page, which `Link` has too; `null` at the end of `order=desc`.",
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

const ERASED_EVENT = { ...EXAMPLE_EVENT, source: null, payload: null, erased_at: "2025-11-22T10:00:00.000000Z" };

const EXAMPLE_PAGE = { topic: "user.login", count: 1, events: [EXAMPLE_EVENT], next_cursor: null };

const ExportEnd = z
  .object({
    complete: z.boolean().meta({
      description:
        "True if the answer holds every requested event. False if the `limit` was reached or the service stopped.",
    }),
    count: z.int().meta({ description: "The number of events in this answer.", example: 1 }),
    next_cursor: NextCursor.meta({
      description:
        "The cursor that continues the export; `null` at the end of `order=desc`. With `order=asc` there always is one, for " +
        "later events.",
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
  scope: "read",
  operationId: "listEvents",
  tags: ["Events"],
  summary: "List events",
  description:
    "Lists stored events in the order in which they were stored. A page costs the same at any depth. Its work is bounded: " +
    "with `topic_prefix`, `source`, `since`, `until`, or an `event_id` without its topic, it examines at most 10,000 events, so it may be " +
    "short or even empty and still have a `next_cursor`. A cursor is valid only with the order and the filters of its " +
    "list.\n\n" +
    "With `Accept: application/x-ndjson` the answer is an export. It holds every event that was committed before the " +
    "request began, one a line. Its last line says whether the export is `complete`, how many events it holds, and with " +
    "which cursor it continues. An answer without this last line is incomplete.",
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
    ...problems(
      "invalid_parameter",
      "invalid_cursor",
      "too_many_lists",
      "too_many_exports",
      "overloaded",
      "store_unreachable",
    ),
  },
} satisfies Operation;

export const findEvent = {
  method: "get",
  path: "/events/{topic}/{event_id}",
  scope: "read",
  operationId: "findEvent",
  tags: ["Events"],
  summary: "Find an event by its key",
  description: "Reserved characters in a topic or an id, such as slashes, are percent-encoded.",
  requestParams: { path: EventKey },
  responses: {
    "200": {
      description: "The event.",
      content: {
        "application/json": {
          schema: StoredEventSchema,
          examples: {
            whole: { summary: "An event", value: EXAMPLE_EVENT },
            expired: { summary: "An event whose payload has expired", value: EXPIRED_EVENT },
            erased: { summary: "An event that has been erased", value: ERASED_EVENT },
          },
        },
      },
    },
    ...problems(
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
