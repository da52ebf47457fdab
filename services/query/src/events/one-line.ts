/**
 * JSON text without line breaks, for formats in which a line is an event. A producer's text may have some between its
 * tokens; within a string JSON does not allow them.
 */
export function onOneLine(json: string): string {
  return json.replaceAll(/[\r\n]+/g, " ");
}
