import { isUtf8 } from "node:buffer";
import type { Fault } from "@tidemark/domain/errors";
import { shorten } from "@tidemark/json/shorten";
import { skipSpace } from "@tidemark/json/text";
import { invalidEvents, MAX_FAULTS } from "./intake.ts";
import { scanDocument } from "./json-document.ts";
import { isStorableText, isText, mediaTypeOf } from "./media-type.ts";
import { objectText } from "./rewrite-event.ts";

const PREFIX = "ce-";

/**
 * Writes a CloudEvent in binary mode (attributes in headers, data in the body; CloudEvents 1.0, HTTP protocol binding,
 * section 3.1) as the same event in JSON.
 *
 * @throws {InvalidInput} 400 if the content type is JSON and the data is not, 422 if headers cannot be read
 */
export function toStructured(headers: NodeJS.Dict<string[]>, body: Buffer): Buffer {
  const members = new Map<string, Buffer>();
  const faults: Fault[] = [];
  for (const [header, values = []] of Object.entries(headers)) {
    if (!header.startsWith(PREFIX)) continue;
    const name = header.slice(PREFIX.length);
    const value = values.length === 1 ? readHeaderValue(values[0] as string) : undefined;
    if (value !== undefined) members.set(name, stringText(value));
    else {
      const detail = values.length > 1 ? "must not be repeated" : "must be UTF-8";
      faults.push({ pointer: shorten(`/${name}`), detail });
    }
  }
  for (const name of ["data", "data_base64", "datacontenttype"]) {
    if (members.has(name))
      faults.push({ pointer: `/${name}`, detail: "must not be a header: Content-Type and the body hold it" });
  }
  if (faults.length > 0) throw invalidEvents(faults.slice(0, MAX_FAULTS), faults.length);
  const contentType = headers["content-type"]?.[0];
  if (contentType !== undefined) members.set("datacontenttype", stringText(contentType));
  if (body.length > 0) addData(members, mediaTypeOf(contentType), body);
  return objectText(members);
}

/** Adds data in the form of the JSON format: JSON unchanged, text as a string, anything else in base64. */
function addData(members: Map<string, Buffer>, mediaType: string, body: Buffer): void {
  if (isJson(mediaType)) {
    scanDocument(body);
    members.set("data", body.subarray(skipSpace(body, 0)));
  } else if (isText(mediaType) && isStorableText(body)) members.set("data", stringText(body.toString()));
  else members.set("data_base64", stringText(body.toString("base64")));
}

function stringText(value: string): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Without a content type the data is JSON, as in the JSON format. */
function isJson(mediaType: string): boolean {
  return mediaType === "" || /^[^/]+\/([^/]+\+)?json$/.test(mediaType);
}

const QUOTED = /^"((?:[^"\\]|\\.)*)"$/;
const ESCAPED = /(?:%[0-9a-fA-F]{2})+/g;

/**
 * Decodes a header value (section 3.1.3.2): removes the quotes, then percent-decodes once. Older senders do not encode.
 * A percent sign that begins no escape therefore stands for itself, and raw UTF-8 is accepted.
 */
function readHeaderValue(value: string): string | undefined {
  // Node reads headers as Latin-1.
  const unquoted = value.replace(QUOTED, (_, inside: string) => inside.replace(/\\(.)/g, "$1"));
  const decoded = unquoted.replace(ESCAPED, (escapes) =>
    Buffer.from(escapes.replaceAll("%", ""), "hex").toString("latin1"),
  );
  const bytes = Buffer.from(decoded, "latin1");
  return isUtf8(bytes) ? bytes.toString() : undefined;
}
