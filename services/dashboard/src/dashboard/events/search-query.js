/**
 * The conditions of a search. Times are instants (RFC 3339), as in the address of the page. An absent condition matches all.
 *
 * @typedef {{ topic?: string | undefined, prefix?: string | undefined, id?: string | undefined, source?: string | undefined,
 *   since?: string | undefined, until?: string | undefined }} SearchQuery
 */

const NAMES = /** @type {const} */ (["topic", "prefix", "id", "source", "since", "until"]);

/**
 * Reads a search from the query of an address.
 *
 * @param {URLSearchParams} parameters
 * @returns {SearchQuery}
 */
export function readSearch(parameters) {
  return Object.fromEntries(NAMES.map((name) => [name, parameters.get(name) || undefined]));
}

/**
 * Returns the parameters of `GET /events`.
 *
 * @param {SearchQuery} query
 */
export function eventsParameters({ id, prefix, ...others }) {
  return { ...others, topic_prefix: prefix, event_id: id, limit: "50" };
}

/**
 * Returns the key of the event, if the search names exactly one.
 *
 * @param {SearchQuery} query
 */
export function keyOf({ topic, prefix, id, source, since, until }) {
  const isAlone = prefix === undefined && source === undefined && since === undefined && until === undefined;
  return topic !== undefined && id !== undefined && isAlone ? { topic, id } : undefined;
}

/**
 * Returns the instant of a field for a local date and time, or undefined if it is empty.
 *
 * @param {string} local
 */
export function instantOf(local) {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/**
 * Returns the local date and time of an instant, as its field takes it, or nothing for a text that is no instant.
 *
 * @param {string | undefined} instant
 */
export function localField(instant) {
  const date = new Date(instant ?? "");
  return Number.isNaN(date.getTime()) ? "" : date.toLocaleString("sv-SE").replace(" ", "T");
}
