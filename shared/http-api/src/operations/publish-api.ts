import { z } from "zod";
import type { Operation } from "../operation.ts";
import { problems } from "../problem-schema.ts";
import type { PublishAnswer, Rejection as RejectionAnswer, Result as ResultAnswer } from "../publish-answer.ts";
import { PublishHeaders, publishContent } from "./publish-formats.ts";

const Rejection = z.object({
  index: z.int().meta({ description: "Its place among the events of the request, from 0.", example: 1 }),
  pointer: z.string().meta({ description: "JSON Pointer (RFC 6901) into what was sent.", example: "/1/topic" }),
  reason: z.string().meta({ example: "must not be empty" }),
  line: z.int().optional().meta({ description: "The line, where the body was NDJSON.", example: 2 }),
} satisfies Record<keyof RejectionAnswer, z.ZodType>);

const Result = z.object({
  topic: z.string().nullable().meta({ description: "Null where it is not one.", example: "user.login" }),
  event_id: z.string().nullable().meta({ description: "Null where it is not one.", example: "evt-001" }),
  status: z.enum(["stored", "duplicate", "conflict", "rejected", "pending"]).meta({
    description: "`rejected`: it broke a rule, or the store refused it for good (`dead_lettered`).",
  }),
} satisfies Record<keyof ResultAnswer, z.ZodType>);

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
    rejected: z
      .array(Rejection)
      .optional()
      .meta({ description: "The events that broke a rule; `received` does not count them. With `handling=lenient`." }),
    results: z
      .array(Result)
      .optional()
      .meta({ description: "What became of each event, in the order of the request. With `return=representation`." }),
    message: z.string().meta({ example: "Received 3 events, accepted 2, dropped 1 duplicate" }),
  } satisfies Record<keyof PublishAnswer, z.ZodType>)
  .meta({ id: "PublishAnswer", description: "What became of the events of a request: the store's own verdicts." });

export const PreferenceApplied = z.string().optional().meta({
  description: "The preferences that were honoured.",
  example: "wait=5, handling=lenient",
});

const answers = {
  counts: {
    summary: "As it is",
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
  operationId: "publish",
  tags: ["Publish"],
  summary: "Publish events",
  description:
    "Takes one event or a batch, all or nothing, and answers once each is committed, with the store's own verdicts. " +
    "Sending a request again, after whatever failure, is safe. A CloudEvent in binary mode has its attributes in " +
    "`ce-*` headers, and needs no body.",
  requestParams: { header: PublishHeaders },
  requestBody: { required: false, content: publishContent },
  responses: {
    "200": {
      description: "Every event of the request is committed.",
      headers: z.object({ "Preference-Applied": PreferenceApplied }),
      content: { "application/json": { schema: PublishAnswerSchema, examples: answers } },
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
      "malformed_encoding",
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
} satisfies Operation;
