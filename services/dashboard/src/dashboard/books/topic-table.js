import { element, setText } from "../page/dom.js";
import { searchAddress } from "../page/views.js";
import { count, share, shortTime } from "../text/format.js";
import { sparkline, sparkPath } from "./plot.js";

const FIGURES = [
  { name: "Received", textOf: (stats) => count(stats.received) },
  { name: "Unique", isWide: true, textOf: (stats) => count(stats.unique_processed) },
  { name: "Duplicates", isWide: true, textOf: (stats) => count(stats.duplicate_dropped) },
  { name: "Share", textOf: (stats) => share(stats.duplicate_dropped, stats.received) },
  { name: "Last stored", isWide: true, textOf: (stats) => shortTime(stats.last_processed_at) },
];
const COLUMNS = [{ name: "Topic" }, { name: "Last 5 min", isWide: true }, ...FIGURES];

const classOf = (isWide) => (isWide ? "hides-on-phone" : undefined);

/** A table of topics that keeps the rows it has: only what changed is written. */
export function createTopicTable({ frame, history }) {
  const rows = new Map();
  const body = element("tbody");
  const table = element(
    "table",
    {},
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        ...COLUMNS.map(({ name, isWide }) => element("th", { scope: "col", class: classOf(isWide) }, name)),
      ),
    ),
    body,
  );
  const empty = element("p", { class: "empty" });
  const holder = element("div", { class: "table-frame", role: "region", "aria-label": "Topics", tabindex: "0" }, table);
  frame.replaceChildren(holder, empty);
  empty.hidden = true;

  function rowOf(topic) {
    const known = rows.get(topic);
    if (known) return known;
    const spark = sparkline([]);
    const cells = FIGURES.map(({ isWide }) => element("td", { class: classOf(isWide) }));
    const name = element("th", { scope: "row" }, element("a", { href: searchAddress({ topic }) }, topic));
    const made = {
      row: element("tr", {}, name, element("td", { class: classOf(true) }, spark), ...cells),
      spark: spark.firstChild,
      cells,
    };
    rows.set(topic, made);
    return made;
  }

  return {
    show(topics, saying = "No topics yet: publish an event, and it shows here.") {
      empty.hidden = topics.length > 0;
      holder.hidden = topics.length === 0;
      setText(empty, saying);
      const shown = topics.map((stats) => {
        const { row, spark, cells } = rowOf(stats.topic);
        spark.setAttribute("d", sparkPath(history.ofTopic(stats.topic)));
        FIGURES.forEach(({ textOf }, index) => {
          setText(cells[index], textOf(stats));
        });
        return row;
      });
      // Moving a row takes the focus from what is in it, so rows are moved only where their order changed.
      if (shown.length !== body.children.length || shown.some((row, index) => row !== body.children[index])) {
        body.replaceChildren(...shown);
      }
      if (rows.size > 2 * shown.length + 100) {
        for (const [topic, { row }] of rows) if (!row.isConnected) rows.delete(topic);
      }
    },
  };
}
