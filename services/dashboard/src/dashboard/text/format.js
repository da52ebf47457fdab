const COUNT = new Intl.NumberFormat("en");
const RATE = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const SHARE = new Intl.NumberFormat("en", { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });

const UNITS = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
];

export function count(value) {
  return value === null || value === undefined ? "?" : COUNT.format(value);
}

export function plural(value, one, many = `${one}s`) {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function rate(perSecond) {
  return `${perSecond >= 100 ? COUNT.format(Math.round(perSecond)) : RATE.format(perSecond)}/s`;
}

export function share(part, whole) {
  return whole === 0 ? "–" : SHARE.format(part / whole);
}

/** A length of time in its largest unit: `340 ms`, `12 s`, `3 min`, `5 h`, `2 d`. */
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "?";
  if (seconds > 0 && seconds < 1) return `${Math.max(1, Math.round(seconds * 1_000))} ms`;
  const [length, name] = UNITS.find(([unit]) => seconds >= unit) ?? [1, "s"];
  return `${RATE.format(Math.floor((seconds / length) * 10) / 10)} ${name}`;
}

export function ago(instant, now = Date.now()) {
  return `${span(Math.max(0, Math.floor((now - Date.parse(instant)) / 1_000)))} ago`;
}

/** An instant in the reader's own time, to the second. */
export function localTime(instant) {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? instant : date.toLocaleString("sv-SE");
}

export function clock(instant) {
  return localTime(instant).slice(-8);
}

/** Today's instants by the clock alone. */
export function shortTime(instant, now = Date.now()) {
  const text = localTime(instant);
  return text.startsWith(localTime(now).slice(0, 10)) ? clock(instant) : text;
}
