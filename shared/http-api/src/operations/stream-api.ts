import { Topic } from "@tidemark/domain/event";
import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";

const LAST_ID =
  "The id of the last event that was seen, or a `next_cursor` of `GET /events?order=asc` of the same topic.";

const StreamParameters = z.strictObject({
  topic: Topic.optional().meta({ description: "Only events of this topic; without it, of all." }),
  last_event_id: z
    .string()
    .optional()
    .meta({
      description: `${LAST_ID} For clients that cannot set headers; the header counts for more.`,
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
  operationId: "streamEvents",
  tags: ["Events"],
  summary: "Follow events as they are stored",
  description:
    "Server-Sent Events: each event as `GET /events` shows it, once, in the order of a walk forward. Begins with what is " +
    "stored after the request, or behind `Last-Event-ID`, without gap or repeat, also across restarts and replicas. A " +
    "comment comes at least every 15 seconds. Who reads too slowly is cut off, and goes on from the last id.",
  requestParams: { query: StreamParameters, header: LastEventId },
  responses: {
    "200": {
      description: "Events, without an end.",
      headers: z.object({
        "Cache-Control": z.string().meta({ description: "A stream is not kept.", example: "no-store" }),
      }),
      content: { "text/event-stream": { schema: z.string(), example: EXAMPLE } },
    },
    ...problems("invalid_parameter", "invalid_cursor", "overloaded", "store_unreachable"),
  },
} satisfies Operation;
