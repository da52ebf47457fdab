/** Returns the media type of a `Content-Type` without its parameters, in lower case. */
export function mediaTypeOf(contentType: string | undefined): string {
  const [mediaType = ""] = (contentType ?? "").split(";");
  return mediaType.trim().toLowerCase();
}
