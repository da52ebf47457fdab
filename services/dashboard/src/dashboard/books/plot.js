import { svgElement } from "../page/dom.js";
import { rate } from "../text/format.js";

const WIDTH = 640;
const HEIGHT = 180;

/** What is stored and, stacked on it, what is dropped, a second; time runs to the right and ends now. */
export function createPlot({ canvas, keptMs, onPoint }) {
  let shown = [];
  const duplicates = svgElement("path", { class: "area-duplicates" });
  const unique = svgElement("path", { class: "area-unique" });
  const edge = svgElement("path", { class: "edge-unique" });
  const grid = svgElement("path", { class: "grid" });
  const needle = svgElement("path", { class: "needle" });
  canvas.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  canvas.setAttribute("preserveAspectRatio", "none");
  canvas.append(grid, duplicates, unique, edge, needle);

  canvas.addEventListener("pointermove", (event) => {
    const { left, width } = canvas.getBoundingClientRect();
    point(((event.clientX - left) / width) * WIDTH);
  });
  canvas.addEventListener("pointerleave", () => point(undefined));

  function point(x) {
    const nearest = x === undefined ? undefined : nearestTo(shown, x);
    needle.setAttribute("d", nearest ? `M${nearest.x} 0V${HEIGHT}` : "");
    onPoint(nearest?.rate);
  }

  return {
    /** Draws; gives the figure at the top of the scale. */
    draw(rates, now) {
      const top = niceTop(Math.max(1, ...rates.map((each) => each.unique + each.duplicates)));
      const y = (value) => HEIGHT - (value / top) * (HEIGHT - 8);
      shown = rates.map((each) => ({ rate: each, x: WIDTH * (1 - (now - each.at) / keptMs) }));
      const line = (value) => shown.map((each) => `${each.x.toFixed(1)} ${y(value(each.rate)).toFixed(1)}`);
      const uniqueLine = line((each) => each.unique);
      grid.setAttribute(
        "d",
        (rates.length > 1 ? [0, 0.5, 1] : [0]).map((part) => `M0 ${y(top * part)}H${WIDTH}`).join(""),
      );
      duplicates.setAttribute(
        "d",
        area(
          line((each) => each.unique + each.duplicates),
          shown,
        ),
      );
      unique.setAttribute("d", area(uniqueLine, shown));
      edge.setAttribute("d", uniqueLine.length > 1 ? `M${uniqueLine.join("L")}` : "");
      const latest = rates.at(-1);
      canvas.setAttribute(
        "aria-label",
        latest
          ? `Rates of the last five minutes; now ${rate(latest.unique)} stored, ${rate(latest.duplicates)} dropped`
          : "Rates: nothing to draw yet",
      );
      return top;
    },
  };
}

function area(line, shown) {
  return line.length > 1 ? `M${shown[0].x} ${HEIGHT}L${line.join("L")}L${shown.at(-1).x} ${HEIGHT}Z` : "";
}

function nearestTo(shown, x) {
  return shown.reduce((best, each) => (best && Math.abs(best.x - x) <= Math.abs(each.x - x) ? best : each), undefined);
}

/** The next number that reads well: 10, 15, 20, 30, 50, 75, 100, 150, ... */
function niceTop(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 5, 7.5, 10].find((step) => step * power >= value) * power;
}

/** A line without axes. */
export function sparkline(sums) {
  const canvas = svgElement("svg", { class: "sparkline", viewBox: "0 0 100 24", "aria-hidden": "true" });
  canvas.setAttribute("preserveAspectRatio", "none");
  canvas.append(svgElement("path", { d: sparkPath(sums) }));
  return canvas;
}

export function sparkPath(sums) {
  if (sums.length < 2) return "M0 22H100";
  const top = Math.max(1, ...sums);
  const points = sums.map(
    (sum, index) => `${((index * 100) / (sums.length - 1)).toFixed(1)} ${(22 - (sum / top) * 20).toFixed(1)}`,
  );
  return `M${points.join("L")}`;
}
