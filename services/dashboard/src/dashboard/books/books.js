import { AUDIT_DEADLINE_MS, readJson } from "../api/request.js";
import { byId, element, setText } from "../page/dom.js";
import { ago, clock, count, plural, rate, share, span } from "../text/format.js";
import { createPlot } from "./plot.js";
import { describeParts, isBalanced, judge } from "./status.js";
import { createTopicTable } from "./topic-table.js";

const BUSIEST = 8;

/** The verdict, which every view shows, and the first view. */
export function createBooks({ history, refresh }) {
  const plot = createPlot({ canvas: byId("plot"), keptMs: history.keptMs, onPoint: showLegend });
  const busiest = createTopicTable({ frame: byId("busiest"), history });
  byId("audit").addEventListener("click", () => audit(refresh));

  function showLegend(pointed) {
    const shown = pointed ?? history.rates().at(-1);
    byId("legend").replaceChildren(
      element("span", {}, `${shown ? rate(shown.unique) : "–"} stored`),
      element("span", { class: "dropped" }, `${shown ? rate(shown.duplicates) : "–"} dropped`),
      ...(pointed ? [element("span", { class: "time" }, clock(pointed.at))] : []),
    );
  }

  return {
    show(known) {
      showVerdict(judge(known));
      showStates(byId("parts"), describeParts(known));
      document.body.classList.toggle("is-stale", known.trouble !== undefined);
      if (!known.stats) return;
      showFigures(known.stats);
      showStates(byId("proofs"), describeProofs(known.stats));
      const rates = history.rates();
      const top = plot.draw(rates, known.readAt);
      byId("plot-empty").hidden = rates.length > 1;
      setText(byId("plot-top"), rates.length > 1 ? rate(top) : "");
      if (!byId("plot").matches(":hover")) showLegend();
      busiest.show(known.stats.by_topic.slice(0, BUSIEST));
    },
  };
}

function showVerdict({ state, title, detail }) {
  byId("verdict").dataset.state = state;
  setText(byId("verdict-title"), title);
  setText(byId("verdict-detail"), detail);
  document.title = state === "good" ? "Tidemark" : `${title} – Tidemark`;
}

function showFigures(stats) {
  for (const cell of document.querySelectorAll("[data-figure]")) setText(cell, count(stats[cell.dataset.figure]));
  const note = (name) => document.querySelector(`[data-note="${name}"]`);
  setText(note("received"), stats.incomplete ? "without the queue" : `on ${plural(stats.topics_total, "topic")}`);
  note("duplicates").replaceChildren(
    ...(stats.received > 0 ? [`${share(stats.duplicate_dropped, stats.received)}, `] : []),
    element(
      "a",
      { href: "#/conflicts" },
      element("span", { "data-figure": "conflicts" }, count(stats.conflicts)),
      " in conflict",
    ),
  );
  setText(note("lag"), stats.queue_size === 0 ? "nothing waits" : `oldest waits ${span(stats.oldest_queued_seconds)}`);
  document.querySelector('[data-figure-box="dead"]').dataset.state = stats.dead_lettered > 0 ? "warn" : "";
}

function describeProofs(stats) {
  const { drift, last_audit: last } = stats;
  return [
    isBalanced(stats) ? ["Sum", "good", "received is accounted for"] : ["Sum", "bad", "does not add up"],
    drift === null ? ["Drift", "unknown", "not known now"] : ["Drift", drift === 0 ? "good" : "bad", count(drift)],
    last === null
      ? ["Last audit", "unknown", "never"]
      : last.balanced
        ? ["Last audit", "good", `balanced, ${ago(last.audited_at)}`]
        : [
            "Last audit",
            "bad",
            `${plural(last.differences_total, "topic differs", "topics differ")}, ${ago(last.audited_at)}`,
          ],
  ];
}

function showStates(list, states) {
  const wanted = JSON.stringify(states);
  if (list.dataset.shown === wanted) return;
  list.dataset.shown = wanted;
  const words = { bad: "not well: ", warn: "wants a look: " };
  list.replaceChildren(
    ...states.map(([name, state, said]) =>
      element(
        "li",
        { class: "state", "data-state": state, "aria-label": `${name}: ${words[state] ?? ""}${said}` },
        element("span", {}, name),
        element("span", {}, said),
      ),
    ),
  );
}

async function audit(refresh) {
  const button = byId("audit");
  const outcome = byId("audit-outcome");
  button.disabled = true;
  setText(outcome, "Counting every row …");
  try {
    const found = await readJson("/audit", { deadlineMs: AUDIT_DEADLINE_MS });
    setText(
      outcome,
      found.balanced
        ? `Balanced: ${plural(found.counted.unique, "event")} and ${plural(found.counted.duplicates, "copy", "copies")} counted in ${span(found.duration_ms / 1_000)}.`
        : `Not balanced: ${plural(found.differences_total, "topic differs", "topics differ")}, first ${found.differences[0]?.topic ?? "by source"}.`,
    );
  } catch (error) {
    setText(outcome, `No audit: ${error.message}.`);
  }
  button.disabled = false;
  refresh();
}
