/** @import { Members } from "../text/json-text.js" */
import { element } from "../page/dom.js";
import { searchAddress } from "../page/views.js";
import { clock, zonedTime, zoneOf } from "../text/format.js";
import { members, stringOf, textOf } from "../text/json-text.js";

/** The characters of a payload that fit on the widest screens. */
const EXCERPT = 300;

/**
 * Makes the link that shows an event on one line and opens it.
 *
 * @param {string} json the JSON text of the event
 */
export function eventLink(json) {
  const event = members(json);
  const topic = stringOf(event, "topic");
  const id = stringOf(event, "event_id");
  const at = stringOf(event, "processed_at");
  return element(
    "a",
    { href: searchAddress({ topic, id }) },
    element("time", { datetime: at, title: zonedTime(at) }, clock(at)),
    element("span", { class: "topic" }, topic),
    element("span", { class: "id" }, id),
    element("span", { class: "source hides-on-phone" }, sourceOf(event)),
    element("code", {}, excerptOf(event)),
  );
}

/** Makes the heads of the columns of a list of links. */
export function eventLinkHead() {
  const heads = [`Stored (${zoneOf(Date.now())})`, "Topic", "Event id", "Source", "Payload"].map((text) =>
    element("span", {}, text),
  );
  return element("p", { class: "rows-head", "aria-hidden": "true" }, ...heads);
}

/** @param {Members} event */
function sourceOf(event) {
  return event.has("erased_at") ? "" : stringOf(event, "source");
}

/** @param {Members} event */
function excerptOf(event) {
  if (event.has("erased_at")) return "erased";
  return event.has("payload_expired_at") ? "expired" : textOf(event, "payload").slice(0, EXCERPT);
}
