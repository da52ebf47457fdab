import { EventId, Payload, Source, Topic } from "@tidemark/domain/event-schema";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { Cursor, Instant, Limit, NextCursor, nextPageHeaders } from "../page-schema.ts";
import { problems } from "../problem-schema.ts";
import { StoredEventSchema } from "./events-api.ts";

const DuplicatesParameters = z.strictObject({
  topic: Topic.optional().meta({ description: "Selects the duplicates of this topic; all topics if absent." }),
  event_id: EventId.optional().meta({ description: "Selects the duplicates with this event id." }),
  source: Source.optional().meta({ description: "Selects the duplicates that this source sent." }),
  conflicting: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .optional()
    .meta({
      description:
        "`true` selects the conflicts, whose content differs from the stored event. `false` selects the other duplicates.",
      example: "true",
    }),
  limit: Limit,
  cursor: Cursor,
});

const ConflictingEvent = StoredEventSchema.omit({ processed_at: true, payload_expired_at: true, erased_at: true })
  .extend({ source: Source, payload: Payload })
  .meta({ id: "ConflictingEvent", description: "The content of a conflict, which was not stored as an event." });

const DuplicateSchema = z
  .object({
    topic: Topic,
    event_id: EventId,
    source: Source.nullable().meta({
      description: "The source that sent the duplicate; `null` once the event has been erased.",
    }),
    received_at: Instant.meta({ description: "The time at which the duplicate was received." }),
    first_processed_at: Instant.meta({ description: "The time at which the event was stored." }),
    age_seconds: z.number().min(0).meta({
      description:
        "The time from storing the event to receiving the duplicate; 0 if the duplicate was received before.",
      example: 12.345678,
    }),
    conflict: z.boolean().meta({ description: "True if its content differs from the stored event.", example: false }),
    event: ConflictingEvent.optional().meta({
      description:
        "The content of a conflict. Absent beyond the first `MAX_CONFLICTS_KEPT` conflicts of an event, and once the payload " +
        "of the event has expired or has been erased.",
    }),
  })
  .meta({ id: "Duplicate", description: "A duplicate that was dropped." });

const DuplicatesAnswer = z
  .object({
    count: z.int().meta({ description: "The number of duplicates in this answer.", example: 2 }),
    duplicates: z.array(DuplicateSchema),
    next_cursor: NextCursor,
  })
  .meta({ id: "DuplicatesAnswer" });

const SAME = {
  topic: "user.login",
  event_id: "evt-001",
  source: "auth-service",
  received_at: "2025-10-23T10:00:12.345678Z",
  first_processed_at: "2025-10-23T10:00:00.000000Z",
  age_seconds: 12.345678,
  conflict: false,
};

const CONFLICT = {
  ...SAME,
  event_id: "evt-002",
  conflict: true,
  event: {
    topic: "user.login",
    event_id: "evt-002",
    timestamp: "2025-10-23T10:00:00.000000Z",
    source: "auth-service",
    payload: { user_id: "124" },
  },
};

export const listDuplicates = {
  method: "get",
  path: "/duplicates",
  scope: "read",
  operationId: "listDuplicates",
  tags: ["Books"],
  summary: "List the duplicates that were dropped",
  description:
    "Newest first. The work of a page is bounded, so a page of a filter that matches little may be short or even empty and " +
    "still have a `next_cursor`. Duplicates are listed for some days, and conflicts with their content for as long as the " +
    "payload of their event is kept. All of them stay counted.",
  requestParams: { query: DuplicatesParameters },
  responses: {
    "200": {
      description: "A page of duplicates.",
      headers: nextPageHeaders("/duplicates?conflicting=true&limit=100&cursor=AQEx"),
      content: {
        "application/json": {
          schema: DuplicatesAnswer,
          example: { count: 2, duplicates: [CONFLICT, SAME], next_cursor: null },
        },
      },
    },
    ...problems(
      "scope_missing",
      "topic_forbidden",
      "invalid_parameter",
      "invalid_cursor",
      "too_many_lists",
      "overloaded",
      "store_unreachable",
    ),
  },
} satisfies Operation;
