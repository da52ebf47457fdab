import { isUtf8 } from "node:buffer";

/** Returns the media type of a `Content-Type` without its parameters, in lower case. */
export function mediaTypeOf(contentType: string | undefined): string {
  const [mediaType = ""] = (contentType ?? "").split(";");
  return mediaType.trim().toLowerCase();
}

/** Whether the data of a media type is text, XML included. */
export function isText(mediaType: string): boolean {
  return mediaType.startsWith("text/") || /^[^/]+\/([^/]+\+)?xml$/.test(mediaType);
}

/** Whether bytes are a text that a store can hold. */
export function isStorableText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}
