/** @import { Column } from "./plot-geometry.js" */
/** @import { Rate, Start } from "./recorded.js" */
import { element, svgElement } from "../page/dom.js";
import { rate as rateText, shortTime } from "../text/format.js";
import { columnAt, HEIGHT, layOut, WIDTH } from "./plot-geometry.js";

/**
 * Makes the plot of rates. The pointer, or the arrow keys, choose a rate, and the tooltip tells it.
 *
 * @param {object} options
 * @param {SVGSVGElement} options.canvas
 * @param {HTMLElement} options.tooltip
 */
export function createPlot({ canvas, tooltip }) {
  /** @type {Column[]} */
  let columns = [];
  /** @type {Start[]} */
  let starts = [];
  /** @type {number | undefined} the index of the chosen column */
  let chosen;
  const parts = {
    grid: svgElement("path", { class: "grid" }),
    duplicatesArea: svgElement("path", { class: "area-duplicates" }),
    storedArea: svgElement("path", { class: "area-stored" }),
    storedEdge: svgElement("path", { class: "edge-stored" }),
    starts: svgElement("path", { class: "starts" }),
  };
  const needle = svgElement("path", { class: "needle" });
  const attributes = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "slider", tabindex: "0" };
  for (const [name, value] of Object.entries(attributes)) canvas.setAttribute(name, value);
  canvas.setAttribute("aria-valuemin", "0");
  canvas.append(...Object.values(parts), needle);

  canvas.addEventListener("pointermove", (event) => {
    const { left, width } = canvas.getBoundingClientRect();
    choose(columnAt(columns, ((event.clientX - left) / width) * WIDTH));
  });
  for (const end of ["pointerleave", "blur"]) canvas.addEventListener(end, () => choose(undefined));
  canvas.addEventListener("keydown", (event) => {
    const next = nextByKey(event.key);
    if (next === null) return;
    event.preventDefault();
    choose(next);
  });

  /** Returns the column that a key leads to, undefined for none; null for a key of another meaning. @param {string} key */
  function nextByKey(key) {
    const last = columns.length - 1;
    if (key === "ArrowLeft") return Math.max(0, (chosen ?? last + 1) - 1);
    if (key === "ArrowRight") return Math.min(last, (chosen ?? last) + 1);
    if (key === "Home") return 0;
    if (key === "End") return last;
    return key === "Escape" ? undefined : null;
  }

  /** @param {number | undefined} index */
  function choose(index) {
    chosen = index;
    const column = index === undefined ? undefined : columns[index];
    tooltip.hidden = column === undefined;
    needle.setAttribute("d", column ? `M${middleOf(column).toFixed(1)} 0V${HEIGHT}` : "");
    canvas.setAttribute("aria-valuenow", String(index ?? Math.max(0, columns.length - 1)));
    const lines = describe(column ?? columns.at(-1));
    canvas.setAttribute("aria-valuetext", lines.join(", "));
    if (!column) return;
    if (tooltip.textContent !== lines.join("")) {
      tooltip.replaceChildren(...lines.map((line) => element("span", {}, line)));
    }
    const place = middleOf(column) / WIDTH;
    tooltip.style.left = `${place * 100}%`;
    tooltip.dataset.side = place > 0.5 ? "left" : "right";
  }

  /** @param {Column | undefined} column */
  function describe(column) {
    if (!column) return ["nothing is known yet"];
    const { from, at, stored, duplicates } = column.rate;
    const started = starts.filter((start) => start.at >= from && start.at < at).map(({ text }) => text);
    return [
      `${shortTime(from)} to ${shortTime(at)}`,
      `${rateText(stored)} stored`,
      `${rateText(duplicates)} duplicates`,
      ...started,
    ];
  }

  return {
    /**
     * Draws the rates and starts, and returns the value at the top of the scale.
     *
     * @param {{ rates: Rate[], starts: Start[] }} shown
     * @param {{ now: number, lengthMs: number }} time
     */
    draw(shown, time) {
      const before = chosen === undefined ? undefined : columns[chosen]?.rate.from;
      const layout = layOut(shown, time);
      columns = layout.columns;
      starts = shown.starts;
      for (const name of /** @type {(keyof typeof parts)[]} */ (Object.keys(parts))) {
        parts[name].setAttribute("d", layout[name]);
      }
      canvas.setAttribute("aria-valuemax", String(Math.max(0, columns.length - 1)));
      const kept = columns.findIndex(({ rate }) => rate.from === before);
      choose(before === undefined || kept === -1 ? undefined : kept);
      return layout.top;
    },
  };
}

/** @param {Column} column */
function middleOf({ left, right }) {
  return (left + right) / 2;
}
