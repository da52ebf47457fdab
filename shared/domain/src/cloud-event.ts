import { z } from "zod";
import { EventId, Source, Timestamp, Topic } from "./event.ts";

/**
 * The part of CloudEvents 1.0 in JSON (https://github.com/cloudevents/spec, formats/json-format.md) that Tidemark reads. An
 * attribute that is null counts as absent, as that format says.
 */

const text = (description: string, example: string) =>
  z
    .string({ error: "must be a string" })
    .refine((value) => value !== "", { error: "must not be empty" })
    .nullish()
    .meta({ description, example, override: { minLength: 1 } });

// Base64 as in RFC 4648: with padding, and with zeros in the bits that the padding leaves over.
const BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";

const DataBase64 = z
  .string({ error: "must be a string" })
  .refine((value) => Buffer.from(value, "base64").toString("base64") === value, {
    error: "must be base64 with padding",
  })
  .nullish()
  .meta({
    description: "Data that is not JSON, instead of `data`.",
    example: "AQID",
    override: { contentEncoding: "base64", pattern: BASE64 },
  });

/** The field of the event that each of these attributes becomes, in the order in which frames hold the fields. */
export const FIELDS_BY_ATTRIBUTE = { type: "topic", id: "event_id", time: "timestamp", source: "source" } as const;

/** A CloudEvent as a producer sends it. Extension attributes beyond these are kept. */
export const CloudEvent = z
  .looseObject(
    {
      specversion: z.literal("1.0", {
        error: ({ input }) => (input === undefined ? "is required" : 'must be "1.0", the supported version'),
      }),
      type: Topic.meta({ description: "Becomes the topic.", example: "com.example.order.created" }),
      id: EventId.meta({ description: "Becomes the event id.", example: "A234-1234" }),
      source: Source.meta({ description: "Becomes the source.", example: "/orders" }),
      time: Timestamp.nullish().meta({
        description:
          "Becomes the timestamp. Without it the timestamp is the time of receipt, which never makes a conflict.",
        example: "2025-10-23T10:00:00Z",
        override: { type: ["string", "null"], format: "date-time" },
      }),
      subject: text("Kept as an attribute.", "o-1"),
      datacontenttype: text("Kept as an attribute.", "application/json"),
      dataschema: text("Kept as an attribute.", "https://example.com/order.json"),
      data: z
        .unknown()
        .optional()
        .meta({
          description: 'Becomes the payload: an object as it is, anything else as `{"data": ...}`.',
          example: { amount: 5 },
        }),
      data_base64: DataBase64,
    },
    { error: "must be a CloudEvent: a JSON object" },
  )
  .refine(({ data, data_base64: base64 }) => data === undefined || base64 === undefined || base64 === null, {
    error: "is not allowed together with data",
    path: ["data_base64"],
  })
  .meta({
    id: "CloudEvent",
    description: "A CloudEvent 1.0. Extension attributes are kept under `attributes`.",
    override: { not: { required: ["data", "data_base64"], properties: { data_base64: { type: "string" } } } },
  });
