import { byId, element, setText, svgElement } from "../page/dom.js";
import { count, plural, share } from "../text/format.js";

const BOUNDS = new Map([
  [1, "≤ 1 s"],
  [60, "≤ 1 min"],
  [3_600, "≤ 1 h"],
  [86_400, "≤ 1 d"],
  [604_800, "≤ 7 d"],
  [null, "later"],
]);

/** Who sends copies, and how late. */
export function createSources() {
  let shown = "";
  let stats;

  function render() {
    if (!stats) return;
    const wanted = JSON.stringify(stats.by_source);
    if (wanted === shown) return;
    shown = wanted;
    const { by_source: sources, sources_total: total, duplicate_dropped: all } = stats;
    setText(
      byId("sources-total"),
      total > sources.length ? `The ${sources.length} with the most, of ${count(total)}.` : "",
    );
    byId("sources-list").replaceChildren(
      sources.length === 0
        ? element("p", { class: "empty" }, "Nobody has sent a copy yet.")
        : element("div", { class: "stack" }, ...sources.map((source) => sourceCard(source, all))),
    );
  }

  return {
    open: render,
    show(known) {
      stats = known.stats ?? stats;
      if (!byId("sources").hidden) render();
    },
  };
}

function sourceCard({ source, duplicate_dropped: copies, conflicts, ages }, all) {
  return element(
    "article",
    { class: "card", "data-source": source },
    element(
      "div",
      { class: "card-head" },
      element("h2", {}, source),
      element(
        "span",
        { class: "quiet" },
        `${plural(copies, "copy", "copies")}, ${share(copies, all)} of all`,
        conflicts > 0 ? `, ${count(conflicts)} in conflict` : "",
      ),
    ),
    element(
      "ol",
      { class: "ages", "aria-label": `How late the copies of ${source} came` },
      ...ages.map((age) => bar(age, ages)),
    ),
  );
}

function bar({ within_seconds: bound, count: copies }, ages) {
  const most = Math.max(1, ...ages.map((age) => age.count));
  const height = copies === 0 ? 0 : Math.max(2, (copies / most) * 56);
  const canvas = svgElement("svg", { viewBox: "0 0 10 56", preserveAspectRatio: "none", "aria-hidden": "true" });
  canvas.append(svgElement("rect", { x: 1, width: 8, y: 56 - height, height }));
  return element(
    "li",
    {},
    canvas,
    count(copies),
    element("span", { class: "bound" }, BOUNDS.get(bound) ?? `≤ ${bound} s`),
  );
}
