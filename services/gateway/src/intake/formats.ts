import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { InvalidInput } from "@tidemark/domain/errors";
import { shorten } from "@tidemark/json/shorten";
import { toStructured } from "./cloud-event-binary.ts";
import { withCloudEventHint } from "./cloud-event-hint.ts";
import { readCloudEvent, readCloudEventBatch } from "./cloud-event-intake.ts";
import type { Intake, IntakeOptions } from "./intake.ts";
import { readJsonIntake } from "./json-intake.ts";
import { mediaTypeOf } from "./media-type.ts";
import { readNdjsonIntake } from "./ndjson-intake.ts";

/** The formats of a request body. */
export type Format = "json" | "ndjson" | "cloudevent" | "cloudevent-batch" | "cloudevent-binary";

const FORMATS = new Map<string, Format>([
  ["application/json", "json"],
  ["application/x-ndjson", "ndjson"],
  ["application/cloudevents+json", "cloudevent"],
  ["application/cloudevents-batch+json", "cloudevent-batch"],
]);

/**
 * Reads the format of a body from its headers. A CloudEvent in binary mode carries data of any type, and is recognised by
 * its `ce-specversion` (CloudEvents 1.0, HTTP protocol binding, section 3).
 *
 * @throws {InvalidInput} 415
 */
export function readFormat(headers: IncomingHttpHeaders): Format {
  const contentType = headers["content-type"];
  const mediaType = mediaTypeOf(contentType);
  const isCloudEventType = mediaType.startsWith("application/cloudevents");
  if (headers["ce-specversion"] !== undefined && !isCloudEventType) return "cloudevent-binary";
  const format = FORMATS.get(mediaType);
  if (format !== undefined) return format;
  const problem = contentType
    ? `unsupported content type ${JSON.stringify(shorten(contentType))}`
    : "the Content-Type header is missing";
  const detail = `${problem}; send application/json`;
  throw new InvalidInput({ code: "unsupported_media_type", status: 415, detail });
}

export interface SentBody extends IntakeOptions {
  format: Format;
  /**
   * The request. Only one format reads its `headersDistinct`, because Node collects them at the first access, which
   * costs 2 % of a publish.
   */
  message: Pick<IncomingMessage, "headersDistinct">;
}

/**
 * Reads the events of a body in any format: all of them or none, unless `isLenient`.
 *
 * @throws {InvalidInput} 400 when the body is not in its format, 422 with pointers when events break a rule
 */
export function readIntake(body: Buffer, { format, message, ...options }: SentBody): Intake {
  switch (format) {
    case "json":
      return withCloudEventHint(body, () => readJsonIntake(body, options));
    case "ndjson":
      return readNdjsonIntake(body, options);
    case "cloudevent":
      return readCloudEvent(body, options);
    case "cloudevent-batch":
      return readCloudEventBatch(body, options);
    case "cloudevent-binary":
      return readCloudEvent(toStructured(message.headersDistinct, body), options);
  }
}
