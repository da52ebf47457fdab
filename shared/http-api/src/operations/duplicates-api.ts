import { EventId, Payload, Source, Topic } from "@tidemark/domain/event";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { Cursor, Instant, Limit, NextCursor, nextPageHeaders } from "../page-schema.ts";
import { problems } from "../problem-schema.ts";
import { StoredEventSchema } from "./events-api.ts";

const DuplicatesParameters = z.strictObject({
  topic: Topic.optional().meta({ description: "Only copies of this topic; without it, of all." }),
  event_id: EventId.optional().meta({ description: "Only copies of events of this id." }),
  source: Source.optional().meta({ description: "Only copies that this source sent." }),
  conflicting: z
    .enum(["true", "false"])
    .transform((text) => text === "true")
    .optional()
    .meta({
      description: "`true`: only copies whose content differed. `false`: only those that were the same.",
      example: "true",
    }),
  limit: Limit,
  cursor: Cursor,
});

const ConflictingEvent = StoredEventSchema.omit({ processed_at: true, payload_expired_at: true })
  .extend({ payload: Payload })
  .meta({ id: "ConflictingEvent", description: "The content of a copy; it was never stored as an event." });

const DuplicateSchema = z
  .object({
    topic: Topic,
    event_id: EventId,
    source: Source.meta({ description: "Who sent the copy." }),
    received_at: Instant.meta({ description: "When the copy arrived." }),
    first_processed_at: Instant.meta({ description: "When the event was stored." }),
    age_seconds: z.number().min(0).meta({
      description: "How long after that the copy arrived; 0 for one that was on its way already.",
      example: 12.345678,
    }),
    conflict: z.boolean().meta({ description: "Whether its content differed from what is stored.", example: false }),
    event: ConflictingEvent.optional().meta({ description: "The content of one that differed." }),
  })
  .meta({ id: "Duplicate", description: "A copy that was dropped." });

const DuplicatesAnswer = z
  .object({
    count: z.int().meta({ description: "Copies in this answer.", example: 2 }),
    duplicates: z.array(DuplicateSchema),
    next_cursor: NextCursor,
  })
  .meta({ id: "DuplicatesAnswer" });

const PLAIN_COPY = {
  topic: "user.login",
  event_id: "evt-001",
  source: "auth-service",
  received_at: "2025-10-23T10:00:12.345678Z",
  first_processed_at: "2025-10-23T10:00:00.000000Z",
  age_seconds: 12.345678,
  conflict: false,
};

const CONFLICT = {
  ...PLAIN_COPY,
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
  operationId: "listDuplicates",
  tags: ["Books"],
  summary: "List the copies that were dropped",
  description:
    "Newest first. The work of a page is bounded: with a filter that matches little a page may be short, even empty, and " +
    "still have a `next_cursor`. Copies are listed for some days, conflicts for as long as payloads are kept; all stay " +
    "counted.",
  requestParams: { query: DuplicatesParameters },
  responses: {
    "200": {
      description: "A page of dropped copies.",
      headers: nextPageHeaders("/duplicates?conflicting=true&limit=100&cursor=AQEx"),
      content: {
        "application/json": {
          schema: DuplicatesAnswer,
          example: { count: 2, duplicates: [CONFLICT, PLAIN_COPY], next_cursor: null },
        },
      },
    },
    ...problems("invalid_parameter", "invalid_cursor", "overloaded", "store_unreachable"),
  },
} satisfies Operation;
