const COUNT = new Intl.NumberFormat("en");
const RATE = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const SHARE = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });

const ZONE = new Intl.DateTimeFormat("en", { timeZoneName: "short" });

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB"];

const SECOND = { seconds: 1, name: "s" };
const LONGER_UNITS = [
  { seconds: 86_400, name: "d" },
  { seconds: 3_600, name: "h" },
  { seconds: 60, name: "min" },
];

/**
 * Returns a count with separators, `1,234`, or `?` if it is unknown.
 *
 * @param {number | null} value
 */
export function count(value) {
  return value === null ? "?" : COUNT.format(value);
}

/**
 * Returns a count with its noun.
 *
 * @param {number} value
 * @param {string} one
 */
export function plural(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/**
 * Returns a size in its largest decimal unit: `512 B`, `1.5 kB`, `40 GB`.
 *
 * @param {number} value
 */
export function bytes(value) {
  const power = Math.min(BYTE_UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, value)) / 3)));
  return `${RATE.format(value / 1_000 ** power)} ${BYTE_UNITS[power]}`;
}

/** @param {number} perSecond */
export function rate(perSecond) {
  return `${perSecond >= 100 ? COUNT.format(Math.round(perSecond)) : RATE.format(perSecond)}/s`;
}

/**
 * Returns a part in percent, `12.5%`, or a dash if the whole is 0.
 *
 * @param {number} part
 * @param {number} whole
 */
export function share(part, whole) {
  return whole === 0 ? "–" : SHARE.format(part / whole);
}

/**
 * Returns a duration in its largest unit, `340 ms`, `12 s`, `3 min`, `5 h`, `2 d`, or `?` if it is unknown.
 *
 * @param {number | null} seconds
 */
export function span(seconds) {
  if (seconds === null) return "?";
  if (seconds > 0 && seconds < 1) return `${Math.max(1, Math.round(seconds * 1_000))} ms`;
  const unit = LONGER_UNITS.find((longer) => seconds >= longer.seconds) ?? SECOND;
  return `${RATE.format(Math.floor((seconds / unit.seconds) * 10) / 10)} ${unit.name}`;
}

/** @param {string} instant */
export function ago(instant, now = Date.now()) {
  return `${span(Math.max(0, Math.floor((now - Date.parse(instant)) / 1_000)))} ago`;
}

/**
 * Returns an instant in the reader's time zone, to the second: `2025-10-23 12:00:00`.
 *
 * @param {string | number} instant
 */
export function localTime(instant) {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? String(instant) : date.toLocaleString("sv-SE");
}

/**
 * Returns the name of the reader's time zone at an instant: `UTC`, `GMT+2`.
 *
 * @param {string | number} instant
 */
export function zoneOf(instant) {
  return ZONE.formatToParts(new Date(instant)).find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/**
 * Returns an instant in the reader's time zone, with the name of the zone: `2025-10-23 12:00:00 GMT+2`.
 *
 * @param {string | number} instant
 */
export function zonedTime(instant) {
  const text = localTime(instant);
  return text === instant ? text : `${text} ${zoneOf(instant)}`;
}

/**
 * Returns the time of day of an instant in the reader's time zone: `12:00:00`.
 *
 * @param {string | number} instant
 */
export function clock(instant) {
  return localTime(instant).slice(-8);
}

/**
 * Returns the time of day of an instant of today, and the date as well of any other.
 *
 * @param {string | number} instant
 */
export function shortTime(instant, now = Date.now()) {
  const text = localTime(instant);
  return text.startsWith(localTime(now).slice(0, 10)) ? clock(instant) : text;
}

/**
 * Returns a text of the service as a sentence.
 *
 * @param {string} text
 */
export function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
