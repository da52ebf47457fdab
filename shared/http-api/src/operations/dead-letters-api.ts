import { Topic } from "@tidemark/domain/event-schema";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { Cursor, Instant, Limit, NextCursor, nextPageHeaders } from "../page-schema.ts";
import { problems } from "../problem-schema.ts";

const DeadLettersParameters = z.strictObject({
  topic: Topic.optional().meta({ description: "Selects the dead letters of this topic; all topics if absent." }),
  limit: Limit,
  cursor: Cursor,
});

const DeadLetterKey = z.object({
  id: z.string().meta({ description: "An `id` in the list of dead letters.", example: "42" }),
});

const DeadLetterSchema = z
  .object({
    id: z.string().meta({ example: "42" }),
    topic: Topic.optional().meta({ description: "Absent if it cannot be read." }),
    events: z.int().meta({
      description:
        "The number of events that it counts for in the books: 1, or all events of a frame that could not be read.",
      example: 1,
    }),
    code: z.string().meta({
      description: "An SQLSTATE, a result code of SQLite, `damaged_frame` or `out_of_time`.",
      example: "22P02",
    }),
    reason: z.string().meta({ description: "The store's message.", example: "invalid input syntax for type json" }),
    attempts: z.int().meta({ description: "The number of attempts to store it.", example: 1 }),
    dead_at: Instant.meta({ description: "The time at which it became a dead letter." }),
    event: z.unknown().meta({
      description: "The event as it was received. It is a string if it is not JSON, and base64 if it is not text.",
    }),
  })
  .meta({ id: "DeadLetter", description: "An event that the store refused because of its data." });

const DeadLettersAnswer = z
  .object({
    count: z.int().meta({ description: "The number of dead letters in this answer.", example: 1 }),
    dead_letters: z.array(DeadLetterSchema),
    next_cursor: NextCursor,
  })
  .meta({ id: "DeadLettersAnswer" });

const EXAMPLE = {
  id: "42",
  topic: "user.login",
  events: 1,
  code: "22P02",
  reason: "invalid input syntax for type json",
  attempts: 1,
  dead_at: "2025-10-23T10:00:00.000000Z",
  event: {
    topic: "user.login",
    event_id: "evt-001",
    timestamp: "2025-10-23T10:00:00Z",
    source: "auth-service",
    payload: { user_id: "123" },
  },
};

export const listDeadLetters = {
  method: "get",
  path: "/dead-letters",
  scope: "read",
  operationId: "listDeadLetters",
  tags: ["Books"],
  summary: "List the events that the store refused",
  description: "Oldest first. Each is counted under `dead_lettered`, and deleted ones stay counted.",
  requestParams: { query: DeadLettersParameters },
  responses: {
    "200": {
      description: "A page of dead letters.",
      headers: nextPageHeaders("/dead-letters?limit=100&cursor=AQAx"),
      content: {
        "application/json": {
          schema: DeadLettersAnswer,
          example: { count: 1, dead_letters: [EXAMPLE], next_cursor: null },
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

const RedriveAnswer = z
  .object({
    id: z.string().meta({ example: "42" }),
    status: z
      .enum(["stored", "duplicate", "conflict"])
      .meta({ description: "The verdict of the event now.", example: "stored" }),
  })
  .meta({ id: "RedriveAnswer" });

export const redriveDeadLetter = {
  method: "post",
  path: "/dead-letters/{id}/redrive",
  scope: "admin",
  operationId: "redriveDeadLetter",
  tags: ["Books"],
  summary: "Try a dead letter again",
  description:
    "If the store accepts the event, it is no longer a dead letter, and the books count it as stored or as a duplicate. If " +
    "the store refuses it again, it stays, with one more attempt. The request needs no body.",
  requestParams: { path: DeadLetterKey },
  responses: {
    "200": {
      description: "The store accepted the event.",
      content: { "application/json": { schema: RedriveAnswer, example: { id: "42", status: "stored" } } },
    },
    ...problems("cross_site", "scope_missing", "invalid_parameter", "not_found", "still_refused", "store_unreachable"),
  },
} satisfies Operation;

export const deleteDeadLetter = {
  method: "delete",
  path: "/dead-letters/{id}",
  scope: "admin",
  operationId: "deleteDeadLetter",
  tags: ["Books"],
  summary: "Delete a dead letter",
  description: "Its content is lost permanently; the books still count it under `dead_lettered`.",
  requestParams: { path: DeadLetterKey },
  responses: {
    "204": { description: "The dead letter is deleted." },
    ...problems("cross_site", "scope_missing", "invalid_parameter", "not_found", "store_unreachable"),
  },
} satisfies Operation;
