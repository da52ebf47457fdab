import { z } from "zod";
import { FAULT_TEXTS, isJsonObject } from "./event.ts";
import { EventId, Source, Timestamp, Topic } from "./event-schema.ts";

/**
 * The part of CloudEvents 1.0 in JSON (https://github.com/cloudevents/spec, formats/json-format.md) that Tidemark
 * reads. According to that format, an attribute that is null counts as absent. `event-faults.ts` finds the same faults
 * as the schema.
 */

/** The texts of faults in fields that only a CloudEvent has. */
export const CLOUD_EVENT_FAULT_TEXTS = {
  otherVersion: 'must be "1.0", the supported version',
  noBase64: "must be base64 with padding",
  besideData: "is not allowed together with data",
  noCloudEvent: "must be a CloudEvent: a JSON object",
};

const text = (description: string, example: string) =>
  z
    .string({ error: FAULT_TEXTS.noString })
    .refine((value) => value !== "", { error: FAULT_TEXTS.empty })
    .nullish()
    .meta({ description, example, override: { minLength: 1 } });

// Base64 of RFC 4648: it has padding, and the unused bits before the padding are zero.
const BASE64 = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";

export function isPaddedBase64(text: string): boolean {
  return Buffer.from(text, "base64").toString("base64") === text;
}

const DataBase64 = z
  .string({ error: FAULT_TEXTS.noString })
  .refine(isPaddedBase64, { error: CLOUD_EVENT_FAULT_TEXTS.noBase64 })
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
        error: ({ input }) => (input === undefined ? FAULT_TEXTS.missing : CLOUD_EVENT_FAULT_TEXTS.otherVersion),
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
    { error: CLOUD_EVENT_FAULT_TEXTS.noCloudEvent },
  )
  .refine(({ data, data_base64: base64 }) => data === undefined || base64 === undefined || base64 === null, {
    error: CLOUD_EVENT_FAULT_TEXTS.besideData,
    path: ["data_base64"],
    when: ({ value }) => isJsonObject(value), // even if there are other faults
  })
  .meta({
    id: "CloudEvent",
    description: "A CloudEvent 1.0. Extension attributes are kept under `attributes`.",
    override: { not: { required: ["data", "data_base64"], properties: { data_base64: { type: "string" } } } },
  });
