import { z } from "zod";
import { Event } from "../event.ts";
import { type Operation, problems } from "./problem-schema.ts";
import type { PublishAnswer } from "./publish-answer.ts";

/** What `POST /publish` takes. It documents: the gateway checks by `formOfEvent`, and words faults by `Event`. */
const PublishBody = z
  .union([
    Event.meta({ title: "One event" }),
    z.array(Event).min(1).meta({ title: "A batch" }),
    z.object({ events: z.array(Event).min(1) }).meta({ title: "A batch in an object" }),
  ])
  .meta({ description: "One event, an array of events, or an object of `events`." });

export const PublishAnswerSchema = z
  .object({
    received: z.int().meta({ description: "Events of the request.", example: 3 }),
    accepted: z.int().meta({ description: "Stored now, for the first time.", example: 2 }),
    duplicates: z.int().meta({ description: "Stored already, or repeated within the request.", example: 1 }),
    conflicts: z
      .int()
      .optional()
      .meta({ description: "Of the duplicates, those whose content differs from what is stored. Absent when 0." }),
    dead_lettered: z.int().optional().meta({ description: "Refused by the store for good. Absent when 0." }),
    pending: z.int().optional().meta({ description: "Taken and durable, not judged yet." }),
    message: z.string().meta({ example: "Received 3 events, accepted 2, dropped 1 duplicate" }),
  } satisfies Record<keyof PublishAnswer, z.ZodType>)
  .meta({ id: "PublishAnswer", description: "What became of the events of a request: the store's own verdicts." });

const PreferHeader = z.object({
  Prefer: z.string().optional().meta({
    description: "RFC 7240: `wait=N`, the seconds to wait for the verdicts at most; `respond-async`, not to wait.",
    example: "wait=5",
  }),
});

export const PreferenceApplied = z.string().optional().meta({
  description: "The preferences that were honoured.",
  example: "wait=5",
});

const event = {
  topic: "user.login",
  event_id: "evt-001",
  timestamp: "2025-10-23T10:00:00Z",
  source: "auth-service",
  payload: { user_id: "123" },
};

export const publish: Operation = {
  operationId: "publish",
  tags: ["Publish"],
  summary: "Publish events",
  description:
    "Takes one event or a batch, all or nothing, and answers once each is committed, with the store's own verdicts. " +
    "Sending a request again, after whatever failure, is safe.",
  requestParams: { header: PreferHeader },
  requestBody: {
    required: true,
    content: {
      "application/json": {
        schema: PublishBody,
        examples: {
          one: { summary: "One event", value: event },
          batch: { summary: "A batch", value: [event, { ...event, event_id: "evt-002" }] },
          object: { summary: "A batch in an object", value: { events: [event] } },
        },
      },
    },
  },
  responses: {
    "200": {
      description: "Every event of the request is committed.",
      headers: z.object({ "Preference-Applied": PreferenceApplied }),
      content: { "application/json": { schema: PublishAnswerSchema } },
    },
    "202": {
      description:
        "The events are durable and will be counted; the verdicts were not in within the wait. Nothing has to be sent again.",
      headers: z.object({
        Location: z.string().meta({ description: "The receipt, which tells the verdicts.", example: "/receipts/AbC" }),
        "Preference-Applied": PreferenceApplied,
      }),
      content: {
        "application/json": {
          schema: PublishAnswerSchema,
          example: {
            received: 3,
            accepted: 0,
            duplicates: 0,
            pending: 3,
            message: "Received 3 events, accepted 0, dropped 0 duplicates, 3 pending",
          },
        },
      },
    },
    ...problems(
      "malformed_json",
      "invalid_encoding",
      "invalid_event",
      "empty_batch",
      "batch_too_large",
      "body_too_large",
      "unsupported_media_type",
      "unsupported_encoding",
      "log_full",
      "log_unreachable",
      "queue_full",
      "overloaded",
      "outcome_unknown",
    ),
  },
};
