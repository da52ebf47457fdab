import { svgElement } from "../page/dom.js";

/** Makes a line without axes: `sparkline` is the drawing, `path` its line, whose `d` is a `sparkPath`. */
export function createSparkline() {
  const path = svgElement("path", { d: sparkPath([]) });
  const options = { class: "sparkline", viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" };
  return { sparkline: svgElement("svg", options, path), path };
}

/**
 * Returns the path of a line through the sums, scaled to their highest one.
 *
 * @param {number[]} sums
 */
export function sparkPath(sums) {
  if (sums.length < 2) return "M0 22H100";
  const top = Math.max(1, ...sums);
  const points = sums.map(
    (sum, index) => `${((index * 100) / (sums.length - 1)).toFixed(1)} ${(22 - (sum / top) * 20).toFixed(1)}`,
  );
  return `M${points.join("L")}`;
}
