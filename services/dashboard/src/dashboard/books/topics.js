import { byId, element, setText } from "../page/dom.js";
import { count } from "../text/format.js";
import { createTopicTable } from "./topic-table.js";

/** Rows at a time: a thousand at once would cost each refresh more than all the rest. */
const CHUNK = 60;

const duplicateShare = ({ duplicate_dropped, received }) => (received === 0 ? 0 : duplicate_dropped / received);

const ORDERS = {
  received: (one, other) => other.received - one.received,
  share: (one, other) => duplicateShare(other) - duplicateShare(one),
  name: (one, other) => one.topic.localeCompare(other.topic),
  last: (one, other) => (one.last_processed_at < other.last_processed_at ? 1 : -1),
};

export function createTopics({ history }) {
  const frame = byId("topics-table");
  const filter = byId("topic-filter");
  const order = byId("topic-order");
  const holder = element("div");
  const more = element("button", { type: "button", click: showMore }, "Show more");
  const moreRows = element("p", { class: "more-rows" }, more);
  frame.append(holder, moreRows);
  const table = createTopicTable({ frame: holder, history });
  let stats;
  let limit = CHUNK;

  // Whoever scrolls to the end has asked for more.
  new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && showMore()).observe(moreRows);
  filter.addEventListener("input", startAgain);
  order.addEventListener("change", startAgain);

  function startAgain() {
    limit = CHUNK;
    render();
  }

  function showMore() {
    limit += CHUNK;
    render();
  }

  function render() {
    if (!stats) return;
    const wanted = filter.value.toLowerCase();
    const found = stats.by_topic.filter(({ topic }) => topic.toLowerCase().includes(wanted));
    found.sort(ORDERS[order.value]);
    table.show(found.slice(0, limit), wanted === "" ? undefined : "No topic's name has this in it.");
    moreRows.hidden = found.length <= limit;
    const rest = stats.topics_total > stats.by_topic.length ? ` (the busiest of ${count(stats.topics_total)})` : "";
    setText(byId("topics-shown"), `${count(found.length)} of ${count(stats.by_topic.length)}${rest}`);
  }

  return {
    open: render,
    show(known) {
      stats = known.stats ?? stats;
      if (!byId("topics").hidden) render();
    },
  };
}
