/** @import { Rate } from "./history.js" */
/** @import { Point } from "./plot-geometry.js" */
import { svgElement } from "../page/dom.js";
import { rate } from "../text/format.js";
import { HEIGHT, layOut, nearestTo, WIDTH } from "./plot-geometry.js";

/**
 * Makes the plot of the rates of the last minutes.
 *
 * @param {object} options
 * @param {SVGSVGElement} options.canvas
 * @param {number} options.keptMs the time that the width of the plot stands for
 * @param {(rate: Rate | undefined) => void} options.onPoint called with the rate under the pointer, if there is one
 */
export function createPlot({ canvas, keptMs, onPoint }) {
  /** @type {Point[]} */
  let points = [];
  const duplicates = svgElement("path", { class: "area-duplicates" });
  const stored = svgElement("path", { class: "area-stored" });
  const edge = svgElement("path", { class: "edge-stored" });
  const grid = svgElement("path", { class: "grid" });
  const needle = svgElement("path", { class: "needle" });
  canvas.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  canvas.setAttribute("preserveAspectRatio", "none");
  canvas.append(grid, duplicates, stored, edge, needle);

  canvas.addEventListener("pointermove", (event) => {
    const { left, width } = canvas.getBoundingClientRect();
    point(nearestTo(points, ((event.clientX - left) / width) * WIDTH));
  });
  canvas.addEventListener("pointerleave", () => point(undefined));

  /** @param {Point | undefined} nearest */
  function point(nearest) {
    needle.setAttribute("d", nearest ? `M${nearest.x} 0V${HEIGHT}` : "");
    onPoint(nearest?.rate);
  }

  return {
    /**
     * Draws the rates, and returns the value at the top of the scale.
     *
     * @param {Rate[]} rates
     * @param {number} now
     */
    draw(rates, now) {
      const layout = layOut(rates, { now, keptMs });
      points = layout.points;
      grid.setAttribute("d", layout.grid);
      duplicates.setAttribute("d", layout.duplicatesArea);
      stored.setAttribute("d", layout.storedArea);
      edge.setAttribute("d", layout.storedEdge);
      const latest = rates.at(-1);
      canvas.setAttribute(
        "aria-label",
        latest
          ? `Rates of the last five minutes; now ${rate(latest.stored)} stored, ${rate(latest.duplicates)} duplicates`
          : "Rates: nothing to draw yet",
      );
      return layout.top;
    },
  };
}
