import { byId, element } from "../page/dom.js";
import { createPagedList } from "../page/paged-list.js";
import { searchAddress } from "../page/views.js";
import { localTime, span } from "../text/format.js";
import { members } from "../text/json-text.js";
import { comparisonTable } from "./comparison.js";
import { readEvent } from "./event-view.js";

/** Each with the stored event beside it, which is another request: few at a time. */
const PAGE = "10";

export function createConflicts() {
  const list = createPagedList({
    frame: byId("conflicts-list"),
    member: "duplicates",
    empty: "No conflicts: every copy was the same as what is stored.",
    render: conflictCard,
  });
  return { open: () => list.read("/duplicates", { conflicting: "true", limit: PAGE }) };
}

function conflictCard(text) {
  const copy = members(text);
  const [topic, id, at, source] = ["topic", "event_id", "received_at", "source"].map((name) =>
    JSON.parse(copy.get(name)),
  );
  const body = element("div", {}, element("p", { class: "quiet" }, "Reading what is stored …"));
  compareWithStored({ topic, id, copy: copy.get("event"), body });
  return element(
    "article",
    { class: "card conflict" },
    element(
      "div",
      { class: "card-head" },
      element("h2", {}, element("a", { href: searchAddress({ topic, id }) }, `${topic} / ${id}`)),
      element(
        "span",
        { class: "quiet" },
        `from ${source}, ${span(Number(copy.get("age_seconds")))} later, ${localTime(at)}`,
      ),
    ),
    body,
  );
}

async function compareWithStored({ topic, id, copy, body }) {
  try {
    const stored = await readEvent(topic, id);
    const isThere = stored !== undefined && copy !== undefined;
    body.replaceChildren(
      isThere ? comparisonTable(stored, copy) : element("p", { class: "quiet" }, "Its content is gone."),
    );
  } catch (error) {
    body.replaceChildren(element("p", { class: "failed" }, `What is stored could not be read: ${error.message}.`));
  }
}
