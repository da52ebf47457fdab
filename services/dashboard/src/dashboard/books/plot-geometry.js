/** @import { Rate } from "./history.js" */

export const WIDTH = 640;
export const HEIGHT = 180;
/** Space above the highest value. */
const MARGIN = 8;

/** @typedef {{ rate: Rate, x: number }} Point */

/**
 * Computes the paths of the plot: stored events, and duplicates stacked on them. Time runs to the right and ends at `now`.
 *
 * @param {Rate[]} rates
 * @param {{ now: number, keptMs: number }} time
 */
export function layOut(rates, { now, keptMs }) {
  const top = niceTop(Math.max(1, ...rates.map((rate) => rate.stored + rate.duplicates)));
  const points = rates.map((rate) => ({ rate, x: WIDTH * (1 - (now - rate.at) / keptMs) }));
  /** @param {number} value */
  const y = (value) => HEIGHT - (value / top) * (HEIGHT - MARGIN);
  /** @param {(rate: Rate) => number} pick */
  const lineOf = (pick) => points.map(({ rate, x }) => `${x.toFixed(1)} ${y(pick(rate)).toFixed(1)}`);
  const stored = lineOf((rate) => rate.stored);
  return {
    top,
    points,
    grid: (points.length > 1 ? [0, 0.5, 1] : [0]).map((part) => `M0 ${y(top * part)}H${WIDTH}`).join(""),
    storedArea: areaUnder(stored, points),
    storedEdge: stored.length > 1 ? `M${stored.join("L")}` : "",
    duplicatesArea: areaUnder(
      lineOf((rate) => rate.stored + rate.duplicates),
      points,
    ),
  };
}

/**
 * @param {string[]} line
 * @param {Point[]} points
 */
function areaUnder(line, points) {
  const [first, last] = [points[0], points.at(-1)];
  return first && last && first !== last ? `M${first.x} ${HEIGHT}L${line.join("L")}L${last.x} ${HEIGHT}Z` : "";
}

/**
 * Returns the point nearest to an x coordinate; of two equally near ones, the earlier.
 *
 * @param {Point[]} points
 * @param {number} x
 */
export function nearestTo(points, x) {
  /** @type {Point | undefined} */
  let nearest;
  for (const point of points) if (!nearest || Math.abs(point.x - x) < Math.abs(nearest.x - x)) nearest = point;
  return nearest;
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
