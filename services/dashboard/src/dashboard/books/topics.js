/** @import { StatsAnswer } from "../api/contract.d.ts" */
/** @import { Observation } from "../api/poller.js" */
/** @import { History } from "../rates/history.js" */
import { byId, element, setText } from "../page/dom.js";
import { count } from "../text/format.js";
import { isTopicOrder, sortTopics } from "./topic-order.js";
import { createTopicTable } from "./topic-table.js";

/** Rows shown at a time. A thousand at once would cost each refresh more than everything else. */
const CHUNK = 60;

/** @param {{ history: History }} options */
export function createTopics({ history }) {
  const frame = byId("topics-table");
  const filter = byId("topic-filter", HTMLInputElement);
  const order = byId("topic-order", HTMLSelectElement);
  const holder = element("div");
  const more = element("button", { type: "button", click: showMore }, "Show more");
  const moreRows = element("p", { class: "more-rows" }, more);
  frame.append(holder, moreRows);
  const table = createTopicTable({ frame: holder, history });
  /** @type {StatsAnswer | undefined} */
  let stats;
  let limit = CHUNK;

  // Scrolling to the end asks for more.
  new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && showMore()).observe(moreRows);
  filter.addEventListener("input", showFirst);
  order.addEventListener("change", showFirst);

  function showFirst() {
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
    const sorted = isTopicOrder(order.value) ? sortTopics(found, order.value) : found;
    table.show(sorted.slice(0, limit), wanted === "" ? undefined : "No topic name contains this text.");
    moreRows.hidden = found.length <= limit;
    const rest = stats.topics_total > stats.by_topic.length ? ` (the busiest of ${count(stats.topics_total)})` : "";
    setText(byId("topics-shown"), `${count(found.length)} of ${count(stats.by_topic.length)}${rest}`);
  }

  return {
    open: render,
    /** @param {Observation} observation */
    show({ books }) {
      stats = books?.stats;
      if (!byId("topics").hidden) render();
    },
  };
}
