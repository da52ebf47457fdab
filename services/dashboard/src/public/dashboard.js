// Shows the books, read anew every two seconds while somebody is looking.

const REFRESH_MS = 2_000;
const MAX_TOPICS_SHOWN = 20;

const state = document.querySelector("#state");
const topics = document.querySelector("#topics");
const topicsTotal = document.querySelector("#topics-total");

function figure(value) {
  return value === null ? "?" : value.toLocaleString("en");
}

function topicRow({ topic, received, unique_processed, duplicate_dropped, last_processed_at }) {
  const row = document.createElement("tr");
  const stored = new Date(last_processed_at).toLocaleString();
  for (const text of [topic, figure(received), figure(unique_processed), figure(duplicate_dropped), stored]) {
    row.insertCell().textContent = text;
  }
  return row;
}

function show(stats) {
  for (const cell of document.querySelectorAll("[data-figure]")) {
    cell.textContent = figure(stats[cell.dataset.figure]);
  }
  topics.replaceChildren(...stats.by_topic.slice(0, MAX_TOPICS_SHOWN).map(topicRow));
  topicsTotal.textContent = figure(stats.topics_total);
  const warning = stats.incomplete ? "The log cannot be reached: what is queued is not known. " : "";
  state.textContent = `${warning}Up for ${stats.uptime_human}.`;
}

async function refresh() {
  try {
    const response = await fetch("/stats");
    const body = await response.json();
    if (response.ok) show(body);
    else state.textContent = `The books cannot be read: ${body.detail}`;
  } catch {
    state.textContent = "The service cannot be reached.";
  }
}

async function keepFresh() {
  if (!document.hidden) await refresh();
  setTimeout(keepFresh, REFRESH_MS);
}

keepFresh();
