import { CloudEvent, FIELDS_BY_ATTRIBUTE } from "@tidemark/domain/cloud-event";
import { Event } from "@tidemark/domain/event-schema";
import { z } from "zod";
import type { ZodOpenApiContentObject } from "zod-openapi";

/**
 * The formats of `POST /publish`. These schemas are for the document only. The gateway validates with `formOfEvent`.
 */

const event = {
  topic: "user.login",
  event_id: "evt-001",
  timestamp: "2025-10-23T10:00:00Z",
  source: "auth-service",
  payload: { user_id: "123" },
};

const cloudEvent = {
  specversion: "1.0",
  type: "com.example.order.created",
  id: "A234-1234",
  source: "/orders",
  time: "2025-10-23T10:00:00Z",
  datacontenttype: "application/json",
  data: { amount: 5 },
};

const PublishBody = z
  .union([
    Event.meta({ title: "One event" }),
    z.array(Event).min(1).meta({ title: "A batch" }),
    z.object({ events: z.array(Event).min(1) }).meta({ title: "A batch in an object" }),
  ])
  .meta({ description: "One event, an array of events, or an object with `events`." });

const Ndjson = z.string().meta({
  description: "One event a line. Blank lines are ignored.",
  example: `${JSON.stringify(event)}\n${JSON.stringify({ ...event, event_id: "evt-002" })}\n`,
});

const BinaryData = z.unknown().meta({
  description:
    "The data of a CloudEvent in binary mode, of any type. Without the header `ce-specversion` the answer is 415. JSON is " +
    'stored as JSON, text as `{"data": "..."}`, and anything else as `{"data_base64": "..."}`.',
});

export const publishContent: ZodOpenApiContentObject = {
  "application/json": {
    schema: PublishBody,
    examples: {
      one: { summary: "One event", value: event },
      batch: { summary: "A batch", value: [event, { ...event, event_id: "evt-002" }] },
      object: { summary: "A batch in an object", value: { events: [event] } },
    },
  },
  "application/x-ndjson": { schema: Ndjson },
  "application/cloudevents+json": { schema: CloudEvent, example: cloudEvent },
  "application/cloudevents-batch+json": {
    schema: z.array(CloudEvent).min(1),
    example: [cloudEvent, { ...cloudEvent, id: "A234-1235" }],
  },
  "*/*": { schema: BinaryData, example: { amount: 5 } },
};

const header = (description: string, example: unknown) => z.string().optional().meta({ description, example });
const inBinary = (description: string) => `For CloudEvents in binary mode, percent-encoded. ${description}`;

/** The headers of the attributes that become fields of the event. */
const attributeHeaders = Object.fromEntries(
  (Object.keys(FIELDS_BY_ATTRIBUTE) as (keyof typeof FIELDS_BY_ATTRIBUTE)[]).map((name) => {
    const { description, example } = CloudEvent.shape[name].meta() ?? {};
    return [`ce-${name}`, header(inBinary(String(description)), example)];
  }),
);

export const PublishHeaders = z.object({
  Prefer: header(
    "Preferences (RFC 7240). `wait=N`: wait at most N seconds for the verdicts. `respond-async`: do not wait. " +
      "`return=representation`: list the outcome of each event in `results`. `handling=lenient`: accept the valid events " +
      "and list the others in `rejected`; the answer is 422 if no event is valid.",
    "wait=5, return=representation, handling=lenient",
  ),
  "Content-Encoding": z.enum(["gzip", "br", "zstd", "identity"]).optional().meta({
    description: "At most one encoding. The size limit applies to the decoded body.",
    example: "identity",
  }),
  "ce-specversion": z
    .literal("1.0")
    .optional()
    .meta({ description: inBinary("The version."), example: "1.0" }),
  ...attributeHeaders,
});
