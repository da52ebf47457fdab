/** @import { History } from "./history.js" */
import { messageOf } from "../api/request.js";
import { byId, element, setText } from "../page/dom.js";
import { ago, localTime, rate, sentence } from "../text/format.js";
import { createPlot } from "./plot.js";
import { RANGES } from "./ranges.js";

/**
 * Makes the card of rates: the choice of a range, its plot, and the present rates.
 *
 * @param {{ history: History }} options
 */
export function createRates({ history }) {
  const choice = byId("rates-range", HTMLSelectElement);
  const plot = createPlot({ canvas: byId("plot", SVGSVGElement), tooltip: byId("plot-tooltip") });
  const empty = byId("plot-empty");
  let range = RANGES[0];
  let loadedAt = Number.NEGATIVE_INFINITY;

  choice.replaceChildren(...RANGES.map(({ name }, index) => element("option", { value: index }, name)));
  choice.addEventListener("change", () => {
    range = RANGES[Number(choice.value)] ?? RANGES[0];
    loadedAt = Number.NEGATIVE_INFINITY;
    draw();
    load();
  });

  async function load() {
    const asked = range;
    loadedAt = Date.now();
    try {
      await history.load(asked, loadedAt);
      empty.hidden = true;
    } catch (error) {
      loadedAt = Number.NEGATIVE_INFINITY; // again with the next answer of /stats
      setText(empty, sentence(messageOf(error)));
      empty.hidden = history.of(asked).rates.length > 0;
    }
    if (asked === range) draw();
  }

  function draw() {
    const now = Date.now();
    const shown = history.of(range);
    const top = plot.draw(shown, { now, lengthMs: range.lengthMs });
    setText(byId("plot-top"), rate(top));
    setText(byId("axis-start"), ago(new Date(now - range.lengthMs).toISOString(), now));
    const isYoung = shown.beganAt !== undefined && shown.beganAt > now - range.lengthMs;
    setText(byId("rates-note"), isYoung ? `Recorded since ${localTime(Number(shown.beganAt)).slice(0, 16)}.` : "");
    const latest = shown.rates.at(-1);
    byId("legend").replaceChildren(
      element("span", {}, `${latest ? rate(latest.stored) : "–"} stored`),
      element("span", { class: "duplicates" }, `${latest ? rate(latest.duplicates) : "–"} duplicates`),
      ...(shown.starts.length > 0 ? [element("span", { class: "start" }, "restart")] : []),
    );
  }

  return {
    /** Draws again, and reads the history when that is due. */
    show() {
      draw();
      if (Date.now() - loadedAt >= range.everyMs) load();
    },
  };
}
