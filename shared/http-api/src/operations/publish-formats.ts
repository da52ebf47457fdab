import { CloudEvent } from "@tidemark/domain/cloud-event";
import { Event } from "@tidemark/domain/event";
import { z } from "zod";
import type { ZodOpenApiContentObject } from "zod-openapi";

/** What `POST /publish` takes. It documents: the gateway checks by `formOfEvent`, and words faults by these schemas. */

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
  .meta({ description: "One event, an array of events, or an object of `events`." });

const Ndjson = z.string().meta({
  description: "One event a line. Blank lines are passed over.",
  example: `${JSON.stringify(event)}\n${JSON.stringify({ ...event, event_id: "evt-002" })}\n`,
});

const BinaryData = z.unknown().meta({
  description:
    "The data of a CloudEvent in binary mode, of any type; only with the header `ce-specversion`, else 415. JSON is kept " +
    'as JSON, text as `{"data": "..."}`, anything else as `{"data_base64": "..."}`.',
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

const attribute = (description: string, example: string) => z.string().optional().meta({ description, example });
const inBinary = (what: string) => `CloudEvents in binary mode: ${what}. Percent-encoded.`;

export const PublishHeaders = z.object({
  Prefer: attribute(
    "RFC 7240. `wait=N`: the seconds to wait for the verdicts at most. `respond-async`: not to wait. " +
      "`return=representation`: what became of each event, in `results`. `handling=lenient`: good events go through, bad " +
      "ones are listed in `rejected`; 422 when none is good.",
    "wait=5, return=representation, handling=lenient",
  ),
  "Content-Encoding": z.enum(["gzip", "br", "zstd", "identity"]).optional().meta({
    description: "One of these, not several. The limit of the body is that of what comes out.",
    example: "identity",
  }),
  "ce-specversion": z
    .literal("1.0")
    .optional()
    .meta({ description: inBinary("its version"), example: "1.0" }),
  "ce-type": attribute(inBinary("the topic"), "com.example.order.created"),
  "ce-id": attribute(inBinary("the event id"), "A234-1234"),
  "ce-source": attribute(inBinary("the source"), "/orders"),
  "ce-time": attribute(inBinary("the timestamp; absent, the time of receipt"), "2025-10-23T10:00:00Z"),
});
