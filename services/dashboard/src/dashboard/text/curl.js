/**
 * Returns the command line that asks for an address as this page does. The key stays out of it.
 *
 * @param {string} url
 * @param {{ hasKey: boolean }} options whether the service requires a key
 */
export function curlCommand(url, { hasKey }) {
  const header = hasKey ? ` -H "authorization: Bearer $TIDEMARK_KEY"` : "";
  return `curl -s${header} ${shellQuoted(url)}`;
}

/** @param {string} text */
function shellQuoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
