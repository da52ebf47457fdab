import { Topic } from "@tidemark/domain/event-schema";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";

const LAST_ID =
  "The id of the last event that the client received, or a `next_cursor` of `GET /events?order=asc` of the same topic.";

const StreamParameters = z.strictObject({
  topic: Topic.optional().meta({ description: "Selects the events of this topic; all topics if absent." }),
  last_event_id: z
    .string()
    .optional()
    .meta({
      description: `${LAST_ID} For clients that cannot set headers; the header takes precedence.`,
      example: "AQEx",
    }),
});

const LastEventId = z.looseObject({
  "last-event-id": z.string().optional().meta({ description: LAST_ID, example: "AQEx" }),
});

const EXAMPLE = `retry: 1000
id: AQEx

id: AQEy
data: {"topic":"user.login","event_id":"evt-001","timestamp":"2025-10-23T10:00:00.000000Z","source":"auth-service","payload":{"user_id":"123"},"processed_at":"2025-10-23T10:00:00.123456Z"}

: nothing new
`;

export const streamEvents = {
  method: "get",
  path: "/events/stream",
  scope: "read",
  operationId: "streamEvents",
  tags: ["Events"],
  summary: "Follow events as they are stored",
  description:
    "Sends each event once, as `GET /events` shows it, in the order of `order=asc`, as Server-Sent Events. The stream begins " +
    "with the events stored after the request, or behind `Last-Event-ID`, without a gap or a repeat, also across restarts " +
    "and replicas. If there is no event for 15 seconds, a comment is sent. A client that reads too slowly is disconnected, " +
    "and continues behind its last id.",
  requestParams: { query: StreamParameters, header: LastEventId },
  responses: {
    "200": {
      description: "Events, until the client or the service closes the connection.",
      headers: z.object({
        "Cache-Control": z.string().meta({ description: "A stream is not cached.", example: "no-store" }),
      }),
      content: { "text/event-stream": { schema: z.string(), example: EXAMPLE } },
    },
    ...problems(
      "scope_missing",
      "topic_forbidden",
      "invalid_parameter",
      "invalid_cursor",
      "too_many_streams",
      "overloaded",
      "store_unreachable",
    ),
  },
} satisfies Operation;
