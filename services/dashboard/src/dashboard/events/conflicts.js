import { readEvent } from "../api/endpoints.js";
import { messageOf } from "../api/request.js";
import { byId, element } from "../page/dom.js";
import { createPagedList } from "../page/paged-list.js";
import { searchAddress } from "../page/views.js";
import { members, stringOf } from "../text/json-text.js";
import { comparisonTable } from "./comparison-table.js";
import { describeArrival } from "./duplicate.js";

/** The number of conflicts on a page. It is small, because each conflict needs another request for its stored event. */
const PAGE = "10";

export function createConflicts() {
  const list = createPagedList({
    frame: byId("conflicts-list"),
    member: "duplicates",
    empty: "No conflicts: every duplicate has the content of its stored event.",
    render: conflictCard,
  });
  return { open: () => list.read("duplicates", { conflicting: "true", limit: PAGE }) };
}

/** @param {string} json the JSON text of the duplicate */
function conflictCard(json) {
  const duplicate = members(json);
  const topic = stringOf(duplicate, "topic");
  const id = stringOf(duplicate, "event_id");
  const body = element("div", {}, element("p", { class: "quiet" }, "Reading the stored event …"));
  compareWithStored({ topic, id, content: duplicate.get("event"), body });
  return element(
    "article",
    { class: "card conflict" },
    element(
      "div",
      { class: "card-head" },
      element("h2", {}, element("a", { href: searchAddress({ topic, id }) }, `${topic} / ${id}`)),
      element("span", { class: "quiet" }, describeArrival(duplicate)),
    ),
    body,
  );
}

/** @param {{ topic: string, id: string, content: string | undefined, body: HTMLElement }} conflict */
async function compareWithStored({ topic, id, content, body }) {
  try {
    const stored = await readEvent({ topic, id });
    const isOnRecord = stored !== undefined && content !== undefined;
    body.replaceChildren(
      isOnRecord
        ? comparisonTable(stored, content)
        : element("p", { class: "quiet" }, "The content of this conflict is not on record."),
    );
  } catch (error) {
    body.replaceChildren(element("p", { class: "failed" }, `Reading the stored event failed: ${messageOf(error)}.`));
  }
}
