/** @import { StatsAnswer } from "../api/contract.d.ts" */
/** @import { Observation } from "../api/poller.js" */
/** @import { History } from "../rates/history.js" */
import { readTopicStats } from "../api/endpoints.js";
import { byId, element, setText } from "../page/dom.js";
import { viewAddress } from "../page/views.js";
import { count } from "../text/format.js";
import { createRareTopic } from "./rare-topic.js";
import { isTopicOrder, sortTopics } from "./topic-order.js";
import { createTopicTable } from "./topic-table.js";

/** Rows shown at a time. A thousand at once would cost each refresh more than everything else. */
const CHUNK = 60;
const DEFAULT_ORDER = "received";

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
  const rare = createRareTopic({ read: readTopicStats, found: () => render() });
  /** @type {StatsAnswer | undefined} */
  let stats;
  let limit = CHUNK;

  // Scrolling to the end asks for more.
  new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && showMore()).observe(moreRows);
  filter.addEventListener("input", showFirst);
  order.addEventListener("change", showFirst);

  function showFirst() {
    limit = CHUNK;
    keepInAddress();
    render();
  }

  /** Keeps the choice through a reload, and in a link that is passed on. */
  function keepInAddress() {
    const chosen = { filter: filter.value, order: order.value === DEFAULT_ORDER ? undefined : order.value };
    window.history.replaceState(null, "", viewAddress("topics", chosen));
  }

  function showMore() {
    limit += CHUNK;
    render();
  }

  function render() {
    if (!stats) return;
    const wanted = filter.value.toLowerCase();
    const busiest = stats.by_topic.filter(({ topic }) => topic.toLowerCase().includes(wanted));
    const found = busiest.length > 0 ? busiest : rare.found(filter.value, stats);
    const sorted = isTopicOrder(order.value) ? sortTopics(found, order.value) : found;
    table.show(sorted.slice(0, limit), wanted === "" ? undefined : rare.emptyText(stats));
    moreRows.hidden = found.length <= limit;
    const rest = stats.topics_total > stats.by_topic.length ? ` (the busiest of ${count(stats.topics_total)})` : "";
    setText(byId("topics-shown"), `${count(found.length)} of ${count(stats.by_topic.length)}${rest}`);
  }

  return {
    /** @param {URLSearchParams} parameters */
    open(parameters) {
      filter.value = parameters.get("filter") ?? "";
      const wanted = parameters.get("order") ?? DEFAULT_ORDER;
      order.value = isTopicOrder(wanted) ? wanted : DEFAULT_ORDER;
      limit = CHUNK;
      render();
    },
    /** @param {Observation} observation */
    show({ books }) {
      stats = books?.stats;
      if (!byId("topics").hidden) render();
    },
  };
}
