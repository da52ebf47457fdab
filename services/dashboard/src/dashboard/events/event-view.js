/** @import { Members } from "../text/json-text.js" */
import { hasKey } from "../api/key.js";
import { withParameters } from "../api/request.js";
import { copyButton } from "../page/copy-button.js";
import { element } from "../page/dom.js";
import { createPagedList } from "../page/paged-list.js";
import { curlCommand } from "../text/curl.js";
import { zonedTime } from "../text/format.js";
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
    element(
      "div",
      { class: "card-head" },
      element("h2", { id: "event-heading" }, id),
      element(
        "span",
        { class: "copies" },
        copyButton("Copy id", id),
        copyButton("Copy as curl", curlCommand(urlOf({ topic, id }), { hasKey: hasKey() })),
        copyButton("Copy link", location.href),
      ),
    ),
    element(
      "dl",
      { class: "facts" },
      ...fact("Topic", topic),
      ...(event.has("erased_at") ? [] : fact("Source", stringOf(event, "source"))),
      ...fact("Timestamp", stringOf(event, "timestamp")),
      ...fact("Stored", `${storedAt} (${zonedTime(storedAt)})`),
    ),
    ...payloadBlock(event),
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

/** @param {{ topic: string, id: string }} key */
function urlOf({ topic, id }) {
  const page = new URL(location.pathname, location.href);
  return new URL(withParameters("events", { topic, event_id: id }), page).href;
}

/** @param {Members} event */
function payloadBlock(event) {
  if (event.has("erased_at")) {
    return [note(`This event was erased on ${zonedTime(stringOf(event, "erased_at"))}. Its id stays stored.`)];
  }
  if (event.has("payload_expired_at")) {
    const at = zonedTime(stringOf(event, "payload_expired_at"));
    return [element("h3", {}, "Payload"), note(`Removed at the end of its retention, ${at}.`)];
  }
  return jsonBlock("Payload", textOf(event, "payload"));
}

/** @param {string} text */
function note(text) {
  return element("p", { class: "quiet" }, text);
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
