/** @import { SourceStats, StatsAnswer } from "../api/contract.d.ts" */
/** @import { Observation } from "../api/poller.js" */
import { byId, element, setText, svgElement } from "../page/dom.js";
import { count, plural, share } from "../text/format.js";
import { isLimited } from "./books-checks.js";

/** @type {Map<number | null, string>} */
const BOUNDS = new Map([
  [1, "≤ 1 s"],
  [60, "≤ 1 min"],
  [3_600, "≤ 1 h"],
  [86_400, "≤ 1 d"],
  [604_800, "≤ 7 d"],
  [null, "later"],
]);
const BAR_HEIGHT = 56;
/** /stats lists no more sources than this. */
const MAX_SOURCES = 100;
const UNSEEN = "Duplicates are counted by source for all topics together, and this key sees only its topics.";

/**
 * Makes the view of the sources that send duplicates, and of how late the duplicates arrive.
 *
 * @param {{ refresh: () => void }} options
 */
export function createSources({ refresh }) {
  let shown = "";
  /** @type {StatsAnswer | undefined} */
  let stats;

  function render() {
    if (!stats) return;
    const isUnseen = isLimited(stats);
    const wanted = JSON.stringify([isUnseen, stats.by_source]);
    if (wanted === shown) return;
    shown = wanted;
    const { by_source: sources, sources_total: total, duplicate_dropped: all } = stats;
    setText(
      byId("sources-total"),
      total > sources.length ? `Shown are the ${sources.length} sources with the most, of ${count(total)}.` : "",
    );
    byId("sources-list").replaceChildren(
      sources.length === 0
        ? element("p", { class: "empty" }, isUnseen ? UNSEEN : "No source has sent a duplicate yet.")
        : element("div", { class: "stack" }, ...sources.map((source) => sourceCard(source, all))),
    );
  }

  return {
    open() {
      render();
      refresh();
    },
    listed: () => (byId("sources").hidden ? 0 : MAX_SOURCES),
    /** @param {Observation} observation */
    show({ books }) {
      stats = books?.stats;
      if (!byId("sources").hidden) render();
    },
  };
}

/**
 * @param {SourceStats} stats
 * @param {number} all the number of duplicates of all sources
 */
function sourceCard({ source, duplicate_dropped: duplicates, conflicts, ages }, all) {
  const most = Math.max(1, ...ages.map((age) => age.count));
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
        `${plural(duplicates, "duplicate")}, ${share(duplicates, all)} of all`,
        conflicts > 0 ? `, ${plural(conflicts, "conflict")}` : "",
      ),
    ),
    element(
      "ol",
      { class: "ages", "aria-label": `How late the duplicates of ${source} arrived` },
      ...ages.map((age) => bar(age, most)),
    ),
  );
}

/**
 * @param {SourceStats["ages"][number]} age
 * @param {number} most the count that fills the height
 */
function bar({ within_seconds: bound, count: duplicates }, most) {
  const height = duplicates === 0 ? 0 : Math.max(2, (duplicates / most) * BAR_HEIGHT);
  return element(
    "li",
    {},
    svgElement(
      "svg",
      { viewBox: `0 0 10 ${BAR_HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
      svgElement("rect", { x: 1, width: 8, y: BAR_HEIGHT - height, height }),
    ),
    count(duplicates),
    element("span", { class: "bound" }, BOUNDS.get(bound) ?? `≤ ${bound} s`),
  );
}
