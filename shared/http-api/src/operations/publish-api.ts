import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems, RateLimitFields } from "../problem-schema.ts";
import type { PublishAnswer, Rejection as RejectionAnswer, Result as ResultAnswer } from "../publish-answer.ts";
import { PublishHeaders, publishContent } from "./publish-formats.ts";

const Rejection = z.object({
  index: z.int().meta({ description: "The index among the events of the request, from 0.", example: 1 }),
  pointer: z.string().meta({ description: "A JSON Pointer (RFC 6901) into the body.", example: "/1/topic" }),
  reason: z.string().meta({ example: "must not be empty" }),
  line: z.int().optional().meta({ description: "The line, from 1, if the body is NDJSON.", example: 2 }),
} satisfies Record<keyof RejectionAnswer, z.ZodType>);

const Result = z.object({
  topic: z.string().nullable().meta({ description: "`null` if the event has no valid one.", example: "user.login" }),
  event_id: z.string().nullable().meta({ description: "`null` if the event has no valid one.", example: "evt-001" }),
  status: z.enum(["stored", "duplicate", "conflict", "rejected", "pending"]).meta({
    description: "`rejected`: the event breaks a rule, or the store refused it (`dead_lettered`).",
  }),
} satisfies Record<keyof ResultAnswer, z.ZodType>);

export const PublishAnswerSchema = z
  .object({
    received: z.int().meta({ description: "The number of events in the request.", example: 3 }),
    accepted: z.int().meta({ description: "Events stored by this request.", example: 2 }),
    duplicates: z
      .int()
      .meta({ description: "Events that were stored already, or that the request repeats.", example: 1 }),
    conflicts: z
      .int()
      .optional()
      .meta({ description: "The duplicates whose content differs from the stored event. Absent if 0." }),
    dead_lettered: z
      .int()
      .optional()
      .meta({ description: "Events that the store refused because of their data. Absent if 0." }),
    pending: z.int().optional().meta({ description: "Events that are durable and have no verdict yet." }),
    rejected: z.array(Rejection).optional().meta({
      description: "The events that break a rule, which `received` does not count. Present with `handling=lenient`.",
    }),
    results: z.array(Result).optional().meta({
      description: "The outcome of each event, in the order of the request. Present with `return=representation`.",
    }),
    message: z.string().meta({ example: "Received 3 events, accepted 2, dropped 1 duplicate" }),
  } satisfies Record<keyof PublishAnswer, z.ZodType>)
  .meta({ id: "PublishAnswer", description: "The verdicts of the store on the events of a request." });

export const PreferenceApplied = z.string().optional().meta({
  description: "The preferences that were honoured.",
  example: "wait=5, handling=lenient",
});

const answers = {
  counts: {
    summary: "Without preferences",
    value: { received: 3, accepted: 2, duplicates: 1, message: "Received 3 events, accepted 2, dropped 1 duplicate" },
  },
  lenient: {
    summary: "With `Prefer: handling=lenient, return=representation`",
    value: {
      received: 1,
      accepted: 1,
      duplicates: 0,
      rejected: [{ index: 1, pointer: "/1/topic", reason: "must not be empty" }],
      results: [
        { topic: "user.login", event_id: "evt-001", status: "stored" },
        { topic: null, event_id: "evt-002", status: "rejected" },
      ],
      message: "Received 1 event, accepted 1, dropped 0 duplicates, rejected 1",
    },
  },
};

export const publish = {
  method: "post",
  path: "/publish",
  scope: "publish",
  operationId: "publish",
  tags: ["Publish"],
  summary: "Publish events",
  description:
    "Accepts one event or a batch, all or nothing, and answers with the verdicts of the store once every event is " +
    "committed. After any failure it is safe to send the request again. A CloudEvent in binary mode has its attributes in " +
    "`ce-*` headers and needs no body.",
  requestParams: { header: PublishHeaders },
  requestBody: { required: false, content: publishContent },
  responses: {
    "200": {
      description: "Every event of the request is committed.",
      headers: z.object({ "Preference-Applied": PreferenceApplied, ...RateLimitFields.shape }),
      content: { "application/json": { schema: PublishAnswerSchema, examples: answers } },
    },
    "202": {
      description:
        "The events are durable, but their verdicts did not come within the wait. The request need not be sent again.",
      headers: z.object({
        Location: z.string().meta({
          description: "The receipt, which will tell the verdicts; relative to the address of the request.",
          example: "receipts/AbC",
        }),
        "Preference-Applied": PreferenceApplied,
        ...RateLimitFields.shape,
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
      "cross_site",
      "scope_missing",
      "topic_forbidden",
      "invalid_parameter",
      "malformed_json",
      "invalid_encoding",
      "malformed_encoding",
      "invalid_event",
      "dead_lettered",
      "empty_batch",
      "batch_too_large",
      "body_too_large",
      "expansion_too_large",
      "unsupported_media_type",
      "unsupported_encoding",
      "log_full",
      "log_unreachable",
      "queue_full",
      "overloaded",
      "outcome_unknown",
    ),
  },
} satisfies Operation;
