/**
 * Returns JSON text without line breaks, for formats with one event a line. A producer's text may have line breaks
 * between tokens; JSON does not allow them within strings.
 */
export function onOneLine(json: string): string {
  return json.replaceAll(/[\r\n]+/g, " ");
}
