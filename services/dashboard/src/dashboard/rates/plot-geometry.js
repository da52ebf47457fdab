/** @import { Rate, Start } from "./recorded.js" */

export const WIDTH = 640;
export const HEIGHT = 180;
/** Space above the highest value. */
const MARGIN = 8;

/**
 * A rate with its place: from `left` to `right`.
 *
 * @typedef {{ rate: Rate, left: number, right: number }} Column
 */

/**
 * Computes the paths of the plot: stored events, duplicates stacked on them, and a line where services started. Time runs
 * to the right and ends at `now`. Each rate is as wide as its time.
 *
 * @param {{ rates: Rate[], starts: Start[] }} shown
 * @param {{ now: number, lengthMs: number }} time
 */
export function layOut({ rates, starts }, { now, lengthMs }) {
  const since = now - lengthMs;
  /** @param {number} at */
  const x = (at) => Math.min(WIDTH, Math.max(0, (WIDTH * (at - since)) / lengthMs));
  const columns = rates
    .filter(({ at, from }) => at > since && from < now)
    .map((rate) => ({ rate, left: x(rate.from), right: x(rate.at) }));
  const top = niceTop(Math.max(1, ...columns.map(({ rate }) => rate.stored + rate.duplicates)));
  /** @param {number} value */
  const y = (value) => HEIGHT - (value / top) * (HEIGHT - MARGIN);
  const runs = splitAtGaps(columns);
  /** @param {(rate: Rate) => number} pick */
  const runsOf = (pick) =>
    runs.map((run) =>
      run.map(({ rate, left, right }) => `${left.toFixed(1)} ${y(pick(rate)).toFixed(1)}H${right.toFixed(1)}`),
    );
  const stored = runsOf((rate) => rate.stored);
  const received = runsOf((rate) => rate.stored + rate.duplicates);
  return {
    top,
    columns,
    grid: [0, 0.5, 1].map((part) => `M0 ${y(top * part)}H${WIDTH}`).join(""),
    storedArea: stored.map((steps, index) => areaUnder(steps, runs[index]?.[0])).join(""),
    storedEdge: stored.map((steps) => `M${steps.join("L")}`).join(""),
    duplicatesArea: received.map((steps, index) => areaUnder(steps, runs[index]?.[0])).join(""),
    starts: starts
      .filter(({ at }) => at >= since)
      .map(({ at }) => `M${x(at).toFixed(1)} 0V${HEIGHT}`)
      .join(""),
  };
}

/**
 * Splits columns where nothing is known of the time between them.
 *
 * @param {Column[]} columns
 */
function splitAtGaps(columns) {
  /** @type {Column[][]} */
  const runs = [];
  for (const column of columns) {
    const run = runs.at(-1);
    if (run && column.rate.from <= (run.at(-1)?.rate.at ?? 0)) run.push(column);
    else runs.push([column]);
  }
  return runs;
}

/**
 * @param {string[]} steps
 * @param {Column | undefined} first
 */
function areaUnder(steps, first) {
  return first ? `M${first.left.toFixed(1)} ${HEIGHT}L${steps.join("L")}V${HEIGHT}Z` : "";
}

/**
 * Returns the index of the column at an x coordinate, or of the nearest one; -1 among none.
 *
 * @param {Column[]} columns
 * @param {number} x
 */
export function columnAt(columns, x) {
  const index = columns.findIndex(({ right }) => right > x);
  return index === -1 ? columns.length - 1 : index;
}

/**
 * Rounds up to a number that is easy to read: 10, 15, 20, 30, 50, 75, 100, 150, ...
 *
 * @param {number} value at least 1
 */
function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 3, 5, 7.5].find((step) => step * power >= value) ?? 10) * power;
}
