import { EventId, Topic } from "@tidemark/domain/event-schema";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";

const KEY = { topic: Topic, event_id: EventId };

const SHARED = {
  method: "delete",
  scope: "admin",
  tags: ["Events"],
  responses: {
    "204": { description: "The event is erased. The answer is the same if it was erased before." },
    ...problems(
      "cross_site",
      "scope_missing",
      "topic_forbidden",
      "invalid_parameter",
      "not_found",
      "log_unreachable",
      "store_unreachable",
    ),
  },
} satisfies Partial<Operation>;

export const eraseEvent = {
  ...SHARED,
  path: "/events/{topic}/{event_id}",
  operationId: "eraseEvent",
  summary: "Erase an event",
  description:
    "Removes payload, attributes and source of the event, and those of its conflicts and its dead letters, from every table. " +
    "The id stays stored: later copies are duplicates, which are not compared and leave no content. The books do not " +
    "change. An event that is still in the log is not stored yet (404): send the request again.",
  requestParams: { path: z.object(KEY) },
} satisfies Operation;

export const eraseEventByQuery = {
  ...SHARED,
  path: "/events",
  operationId: "eraseEventByQuery",
  summary: "Erase an event, named by the query",
  description:
    "The same as `DELETE /events/{topic}/{event_id}`, and it also works for `.` and `..`, which no path can contain.",
  requestParams: { query: z.strictObject(KEY) },
} satisfies Operation;
