/** @import { StatsAnswer } from "../api/contract.d.ts" */
/** @import { Observation } from "../api/poller.js" */
/** @import { History, Rate } from "./history.js" */
import { byId, element, setText } from "../page/dom.js";
import { clock, count, plural, rate, share, span } from "../text/format.js";
import { startAuditButton } from "./audit.js";
import { showParts } from "./part-list.js";
import { describeChecks, describeParts } from "./parts.js";
import { createPlot } from "./plot.js";
import { describeStatus, isLimited } from "./status.js";
import { createTopicTable } from "./topic-table.js";

const BUSIEST = 8;

/**
 * Makes the first view, and the status line, which every view shows.
 *
 * @param {{ history: History, refresh: () => void, mayAudit: boolean }} options
 */
export function createBooks({ history, refresh, mayAudit }) {
  const canvas = byId("plot", SVGSVGElement);
  const plot = createPlot({ canvas, keptMs: history.keptMs, onPoint: showLegend });
  const busiest = createTopicTable({ frame: byId("busiest"), history });
  startAuditButton({ refresh, mayAudit });

  /** @param {Rate} [pointed] the rate under the pointer */
  function showLegend(pointed) {
    const shown = pointed ?? history.rates().at(-1);
    byId("legend").replaceChildren(
      element("span", {}, `${shown ? rate(shown.stored) : "–"} stored`),
      element("span", { class: "duplicates" }, `${shown ? rate(shown.duplicates) : "–"} duplicates`),
      ...(pointed ? [element("span", { class: "time" }, clock(pointed.at))] : []),
    );
  }

  return {
    /** @param {Observation} observation */
    show(observation) {
      showStatus(observation);
      showParts(byId("parts"), describeParts(observation));
      document.body.classList.toggle("is-stale", observation.trouble !== undefined);
      if (!observation.books) return;
      const { stats, readAt } = observation.books;
      showFigures(stats);
      showParts(byId("checks"), describeChecks(stats));
      const rates = history.rates();
      const top = plot.draw(rates, readAt);
      byId("plot-empty").hidden = rates.length > 1;
      setText(byId("plot-top"), rates.length > 1 ? rate(top) : "");
      if (!canvas.matches(":hover")) showLegend();
      busiest.show(stats.by_topic.slice(0, BUSIEST));
    },
  };
}

/** @param {Observation} observation */
function showStatus(observation) {
  const { state, title, detail } = describeStatus(observation);
  byId("status").dataset.state = state;
  setText(byId("status-title"), title);
  setText(byId("status-detail"), detail);
  document.title = state === "good" ? "Tidemark" : `${title} – Tidemark`;
}

const FIGURES = /** @type {const} */ ([
  "received",
  "unique_processed",
  "duplicate_dropped",
  "dead_lettered",
  "queue_size",
  "conflicts",
]);

/** @param {StatsAnswer} stats */
function showFigures(stats) {
  for (const name of FIGURES) setText(byId(`figure-${name}`), count(stats[name]));
  setText(byId("note-received"), stats.incomplete ? "without the queue" : `in ${plural(stats.topics_total, "topic")}`);
  setText(byId("note-duplicates"), stats.received > 0 ? `${share(stats.duplicate_dropped, stats.received)}, ` : "");
  setText(byId("note-conflicts"), stats.conflicts === 1 ? "conflict" : "conflicts");
  setText(byId("note-queue"), describeQueue(stats));
  byId("dead-letter-figure").dataset.state = stats.dead_lettered > 0 ? "warn" : "";
}

/** @param {StatsAnswer} stats */
function describeQueue(stats) {
  if (isLimited(stats)) return "needs a key for all topics";
  return stats.queue_size === 0 ? "nothing waits" : `oldest waits ${span(stats.oldest_queued_seconds)}`;
}
