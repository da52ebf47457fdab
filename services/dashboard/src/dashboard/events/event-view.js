import { readText, withParameters } from "../api/request.js";
import { element } from "../page/dom.js";
import { createPagedList } from "../page/paged-list.js";
import { localTime, span } from "../text/format.js";
import { elements, members, prettyJson } from "../text/json-text.js";
import { comparisonTable } from "./comparison.js";

/**
 * The JSON text of a stored event; `undefined` where there is none. By query: in a path, `.` and `..` would be resolved
 * by the browser.
 */
export async function readEvent(topic, id) {
  const page = members(await readText(withParameters("/events", { topic, event_id: id, limit: "1" })));
  return elements(page.get("events"))[0];
}

/** An event with all there is to know of it: its content with every digit, and the copies that were dropped. */
export function showEvent(frame, text) {
  const event = members(text);
  const string = (name) => JSON.parse(event.get(name));
  const copies = element("div");
  frame.replaceChildren(
    element("h2", { id: "event-heading" }, string("event_id")),
    element(
      "dl",
      { class: "facts" },
      ...fact("Topic", string("topic")),
      ...fact("Source", string("source")),
      ...fact("Timestamp", string("timestamp")),
      ...fact("Stored", `${string("processed_at")} (here ${localTime(string("processed_at"))})`),
    ),
    ...jsonBlock("Payload", event.get("payload_expired_at") ? undefined : event.get("payload")),
    ...(event.has("attributes") ? jsonBlock("Attributes", event.get("attributes")) : []),
    element("h3", {}, "Dropped copies"),
    copies,
  );
  frame.hidden = false;
  const list = createPagedList({
    frame: copies,
    member: "duplicates",
    empty: "None on record.",
    render: (copy) => copyEntry(text, copy),
  });
  return list.read("/duplicates", { topic: string("topic"), event_id: string("event_id") });
}

export function fact(name, text) {
  return [element("dt", {}, name), element("dd", {}, text)];
}

export function jsonBlock(title, json) {
  return [
    element("h3", {}, title),
    json === undefined
      ? element("p", { class: "quiet" }, "Gone: it has passed its retention.")
      : element("pre", { tabindex: "0", "aria-label": title }, prettyJson(json)),
  ];
}

function copyEntry(stored, text) {
  const copy = members(text);
  const string = (name) => JSON.parse(copy.get(name));
  const line = element(
    "p",
    {},
    `from ${string("source")}, ${span(Number(copy.get("age_seconds")))} later, ${localTime(string("received_at"))} `,
    copy.get("conflict") === "true" ? element("span", { class: "badge" }, "conflict") : undefined,
  );
  return element(
    "div",
    { class: "copy" },
    line,
    copy.has("event") ? comparisonTable(stored, copy.get("event")) : undefined,
  );
}
