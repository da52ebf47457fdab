/** @import { TopicStats } from "../api/contract.d.ts" */
/** @import { History } from "../rates/history.js" */
import { element, setText } from "../page/dom.js";
import { searchAddress } from "../page/views.js";
import { createSparkline, sparkPath } from "../rates/sparkline.js";
import { count, share, shortTime, zoneOf } from "../text/format.js";

/** @type {{ name: string, isWide?: boolean, isInFull?: boolean, textOf: (stats: TopicStats) => string }[]} */
const FIGURES = [
  { name: "Received", textOf: (stats) => count(stats.received) },
  { name: "Stored", isWide: true, textOf: (stats) => count(stats.unique_processed) },
  { name: "Duplicates", isWide: true, textOf: (stats) => count(stats.duplicate_dropped) },
  { name: "Share", textOf: (stats) => share(stats.duplicate_dropped, stats.received) },
  { name: "Dead letters", isInFull: true, textOf: (stats) => count(stats.dead_lettered) },
  {
    name: `Last received (${zoneOf(Date.now())})`,
    isWide: true,
    textOf: (stats) => shortTime(stats.last_processed_at),
  },
];
const COLUMNS = [{ name: "Topic" }, { name: "Last 5 min", isWide: true }, ...FIGURES];

/** @param {{ isWide?: boolean, isInFull?: boolean }} column `isInFull` columns are left out of the table within a card */
const classOf = ({ isWide, isInFull }) => (isInFull ? "hides-in-card" : isWide ? "hides-when-narrow" : undefined);

/**
 * Makes a table of topics that keeps the row of a topic from one answer to the next, and writes only cells that changed.
 *
 * @param {{ frame: HTMLElement, history: History }} options `frame` is the element that the table fills
 */
export function createTopicTable({ frame, history }) {
  /** @type {Map<string, ReturnType<typeof createRow>>} */
  const rows = new Map();
  const head = COLUMNS.map((column) => element("th", { scope: "col", class: classOf(column) }, column.name));
  const body = element("tbody");
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), body);
  const empty = element("p", { class: "empty", hidden: true });
  const holder = element("div", { class: "table-frame", role: "region", "aria-label": "Topics", tabindex: "0" }, table);
  frame.replaceChildren(holder, empty);

  /** @param {string} topic */
  function rowOf(topic) {
    const row = rows.get(topic) ?? createRow(topic);
    rows.set(topic, row);
    return row;
  }

  return {
    /** @param {TopicStats[]} topics */
    show(topics, emptyText = "No topics yet. Publish an event to see its topic here.") {
      empty.hidden = topics.length > 0;
      holder.hidden = topics.length === 0;
      setText(empty, emptyText);
      const shown = topics.map((stats) => {
        const { row, sparkPathElement, cells } = rowOf(stats.topic);
        sparkPathElement.setAttribute("d", sparkPath(history.receivedOf(stats.topic)));
        for (const { cell, textOf } of cells) setText(cell, textOf(stats));
        return row;
      });
      // Moving a row takes the focus away from its link, so rows are moved only if their order changed.
      if (shown.length !== body.children.length || shown.some((row, index) => row !== body.children[index])) {
        body.replaceChildren(...shown);
      }
      if (rows.size > 2 * shown.length + 100) {
        for (const [topic, { row }] of rows) if (!row.isConnected) rows.delete(topic);
      }
    },
  };
}

/** @param {string} topic */
function createRow(topic) {
  const { sparkline, path } = createSparkline();
  const name = element("th", { scope: "row" }, element("a", { href: searchAddress({ topic }) }, topic));
  const cells = FIGURES.map((figure) => ({ cell: element("td", { class: classOf(figure) }), textOf: figure.textOf }));
  const row = element(
    "tr",
    {},
    name,
    element("td", { class: classOf({ isWide: true }) }, sparkline),
    ...cells.map(({ cell }) => cell),
  );
  return { row, sparkPathElement: path, cells };
}
