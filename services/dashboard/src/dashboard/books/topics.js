/** @import { StatsAnswer } from "../api/contract.d.ts" */
/** @import { Observation } from "../api/poller.js" */
/** @import { History } from "../rates/history.js" */
import { readTopics } from "../api/endpoints.js";
import { byId, element, setText } from "../page/dom.js";
import { viewAddress } from "../page/views.js";
import { count } from "../text/format.js";
import { createFoundTopics } from "./found-topics.js";
import { isTopicOrder, sortTopics } from "./topic-order.js";
import { createTopicTable } from "./topic-table.js";

/** Rows shown at a time. A thousand at once would cost each refresh more than everything else. */
const CHUNK = 60;
/** /stats lists no more topics than this. */
const MAX_BUSIEST = 1_000;
const DEFAULT_ORDER = "received";

/** @param {{ history: History, refresh: () => void }} options */
export function createTopics({ history, refresh }) {
  const frame = byId("topics-table");
  const filter = byId("topic-filter", HTMLInputElement);
  const order = byId("topic-order", HTMLSelectElement);
  const holder = element("div");
  const more = element("button", { type: "button", click: showMore }, "Show more");
  const moreRows = element("p", { class: "more-rows" }, more);
  frame.append(holder, moreRows);
  const table = createTopicTable({ frame: holder, history });
  const found = createFoundTopics({ read: readTopics, changed: render });
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
    refresh();
  }

  /** Keeps the choice through a reload, and in a link that is passed on. */
  function keepInAddress() {
    const chosen = { filter: filter.value, order: order.value === DEFAULT_ORDER ? undefined : order.value };
    window.history.replaceState(null, "", viewAddress("topics", chosen));
  }

  function showMore() {
    limit += CHUNK;
    if (isSearch() && found.of(filter.value).topics.length < limit) found.more();
    render();
    refresh();
  }

  /** Whether the service lists the topics by their names. /stats lists the busiest. */
  function isSearch() {
    return filter.value !== "" || order.value === "name";
  }

  function render() {
    if (!stats) return;
    if (isSearch()) showFound(stats);
    else showBusiest(stats);
  }

  /** @param {StatsAnswer} stats */
  function showBusiest({ by_topic: busiest, topics_total: total }) {
    const sorted = isTopicOrder(order.value) ? sortTopics(busiest, order.value) : busiest;
    table.show(sorted.slice(0, limit));
    moreRows.hidden = limit >= Math.min(total, MAX_BUSIEST);
    const rest =
      total > MAX_BUSIEST ? `, of the ${count(MAX_BUSIEST)} busiest. Order by name, or filter, to see the others.` : "";
    setText(byId("topics-shown"), `${count(Math.min(limit, sorted.length))} of ${count(total)}${rest}`);
  }

  /** @param {StatsAnswer} stats */
  function showFound({ topics_total: total }) {
    const { topics, hasMore, isReading, hasFailed } = found.of(filter.value);
    const none = hasFailed ? "The topics could not be read." : "No topic name contains this text.";
    const sorted = isTopicOrder(order.value) ? sortTopics(topics, order.value) : topics;
    table.show(sorted.slice(0, limit), isReading ? "Searching …" : none);
    moreRows.hidden = sorted.length <= limit && !hasMore;
    const known = `${count(topics.length)}${hasMore ? " or more" : ""} of ${count(total)}`;
    setText(byId("topics-shown"), isReading && topics.length === 0 ? "Searching …" : known);
  }

  return {
    /** @param {URLSearchParams} parameters */
    open(parameters) {
      filter.value = parameters.get("filter") ?? "";
      const wanted = parameters.get("order") ?? DEFAULT_ORDER;
      order.value = isTopicOrder(wanted) ? wanted : DEFAULT_ORDER;
      limit = CHUNK;
      render();
      refresh();
    },
    /** @param {Observation} observation */
    show({ books }) {
      stats = books?.stats;
      if (!byId("topics").hidden) render();
    },
    /** Returns how many topics of /stats the view shows. An order other than the busiest needs all that it can list. */
    listed() {
      if (byId("topics").hidden || isSearch()) return 0;
      return order.value === DEFAULT_ORDER ? Math.min(limit, MAX_BUSIEST) : MAX_BUSIEST;
    },
  };
}
