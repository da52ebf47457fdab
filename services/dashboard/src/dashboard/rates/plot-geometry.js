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
  /** @param {(rate: Rate) => number} pick */
  const stepsOf = (pick) =>
    columns.map(({ rate, left, right }) => {
      const height = y(pick(rate)).toFixed(1);
      return `${left.toFixed(1)} ${height}H${right.toFixed(1)}`;
    });
  const stored = stepsOf((rate) => rate.stored);
  return {
    top,
    columns,
    grid: [0, 0.5, 1].map((part) => `M0 ${y(top * part)}H${WIDTH}`).join(""),
    storedArea: areaUnder(stored, columns),
    storedEdge: stored.length > 0 ? `M${stored.join("L")}` : "",
    duplicatesArea: areaUnder(
      stepsOf((rate) => rate.stored + rate.duplicates),
      columns,
    ),
    starts: starts
      .filter(({ at }) => at >= since)
      .map(({ at }) => `M${x(at).toFixed(1)} 0V${HEIGHT}`)
      .join(""),
  };
}

/**
 * @param {string[]} steps
 * @param {Column[]} columns
 */
function areaUnder(steps, columns) {
  const [first, last] = [columns[0], columns.at(-1)];
  if (!first || !last) return "";
  return `M${first.left.toFixed(1)} ${HEIGHT}L${steps.join("L")}V${HEIGHT}Z`;
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
