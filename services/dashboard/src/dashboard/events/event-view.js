import { element } from "../page/dom.js";
import { createPagedList } from "../page/paged-list.js";
import { localTime } from "../text/format.js";
import { members, stringOf, textOf } from "../text/json-text.js";
import { comparisonTable } from "./comparison-table.js";
import { describeArrival } from "./duplicate.js";
import { fact, jsonBlock } from "./facts.js";

/**
 * Shows an event with every digit of its content, and its duplicates.
 *
 * @param {HTMLElement} frame the element that the event fills
 * @param {string} json the JSON text of the event
 */
export function showEvent(frame, json) {
  const event = members(json);
  const topic = stringOf(event, "topic");
  const id = stringOf(event, "event_id");
  const storedAt = stringOf(event, "processed_at");
  const duplicates = element("div");
  frame.replaceChildren(
    element("h2", { id: "event-heading" }, id),
    element(
      "dl",
      { class: "facts" },
      ...fact("Topic", topic),
      ...fact("Source", stringOf(event, "source")),
      ...fact("Timestamp", stringOf(event, "timestamp")),
      ...fact("Stored", `${storedAt} (local time ${localTime(storedAt)})`),
    ),
    ...jsonBlock("Payload", event.has("payload_expired_at") ? undefined : textOf(event, "payload")),
    ...(event.has("attributes") ? jsonBlock("Attributes", textOf(event, "attributes")) : []),
    element("h3", {}, "Duplicates"),
    duplicates,
  );
  frame.hidden = false;
  const list = createPagedList({
    frame: duplicates,
    member: "duplicates",
    empty: "No duplicates on record.",
    render: (duplicate) => duplicateEntry(json, duplicate),
  });
  return list.read("duplicates", { topic, event_id: id });
}

/**
 * @param {string} stored the JSON text of the stored event
 * @param {string} json the JSON text of the duplicate
 */
function duplicateEntry(stored, json) {
  const duplicate = members(json);
  const content = duplicate.get("event");
  return element(
    "div",
    { class: "duplicate" },
    element(
      "p",
      {},
      `${describeArrival(duplicate)} `,
      duplicate.get("conflict") === "true" ? element("span", { class: "badge" }, "conflict") : undefined,
    ),
    content === undefined ? undefined : comparisonTable(stored, content),
  );
}
