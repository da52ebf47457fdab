/** @import { StatsAnswer, SubscriptionAnswer } from "../api/contract.d.ts" */
/** @import { Books, Observation } from "../api/poller.js" */
/** @import { History } from "../rates/history.js" */
/** @import { Finding } from "./findings.js" */
import { byId, element, setText } from "../page/dom.js";
import { createRates } from "../rates/rates.js";
import { count, plural, share, span } from "../text/format.js";
import { startAuditButton } from "./audit.js";
import { isLimited } from "./books-checks.js";
import { showParts } from "./part-list.js";
import { describeChecks, describeParts } from "./parts.js";
import { describeStatus } from "./status.js";
import { createTopicTable } from "./topic-table.js";

const BUSIEST = 8;

/**
 * Makes the first view, and the status line, which every view shows.
 *
 * @param {{ history: History, refresh: () => void, mayAudit: boolean }} options
 */
export function createBooks({ history, refresh, mayAudit }) {
  const rates = createRates({ history });
  const busiest = createTopicTable({ frame: byId("busiest"), history });
  startAuditButton({ refresh, mayAudit });

  return {
    /** @param {Observation} observation */
    show(observation) {
      showStatus(observation);
      showParts(byId("parts"), describeParts(observation));
      document.body.classList.toggle("is-stale", observation.trouble !== undefined);
      if (!observation.books) return;
      const { stats } = observation.books;
      showFigures(stats);
      showCounts(observation.books, observation.subscriptions);
      showParts(byId("checks"), describeChecks(stats));
      rates.show();
      busiest.show(stats.by_topic.slice(0, BUSIEST));
    },
    listed: () => BUSIEST,
  };
}

/** @param {Observation} observation */
function showStatus(observation) {
  const { state, title, findings } = describeStatus(observation);
  byId("status").dataset.state = state;
  setText(byId("status-title"), title);
  showFindings(byId("status-detail"), findings);
  document.title = state === "good" ? "Tidemark" : `${title} – Tidemark`;
}

/**
 * @param {HTMLElement} line
 * @param {Finding[]} findings
 */
function showFindings(line, findings) {
  const wanted = JSON.stringify(findings);
  if (line.dataset.shown === wanted) return;
  line.dataset.shown = wanted;
  line.replaceChildren(
    ...findings.map(({ text, href }) =>
      element("span", { class: "finding" }, href === undefined ? text : element("a", { href }, text), " "),
    ),
  );
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

/**
 * Shows how much is behind the links of the navigation. Dead letters are counted while one is on record.
 *
 * @param {Books} books
 * @param {SubscriptionAnswer[]} [subscriptions]
 */
function showCounts({ stats, oldestDeadLetterAt }, subscriptions = []) {
  const counts = {
    topics: stats.topics_total,
    sources: stats.sources_total,
    conflicts: stats.conflicts,
    "dead-letters": oldestDeadLetterAt === undefined ? 0 : stats.dead_lettered,
    subscriptions: subscriptions.length,
  };
  for (const [view, value] of Object.entries(counts)) {
    setText(byId(`count-${view}`), value === 0 ? "" : ` ${count(value)}`);
  }
}

/** @param {StatsAnswer} stats */
function describeQueue(stats) {
  if (isLimited(stats)) return "needs a key for all topics";
  if (stats.queue_size === null) return "unknown without the log";
  return stats.queue_size === 0 ? "nothing waits" : `oldest waits ${span(stats.oldest_queued_seconds)}`;
}
