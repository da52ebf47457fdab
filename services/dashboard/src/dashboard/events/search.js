/** @import { SearchQuery } from "./search-query.js" */
import { readEvent } from "../api/endpoints.js";
import { messageOf } from "../api/request.js";
import { byId, element } from "../page/dom.js";
import { createPagedList } from "../page/paged-list.js";
import { viewAddress } from "../page/views.js";
import { eventLink, eventLinkHead } from "./event-link.js";
import { showEvent } from "./event-view.js";
import { eventsParameters, instantOf, keyOf, localField, readSearch } from "./search-query.js";

const NOT_FOUND = "No events found. Topic, event id and source must be whole, and upper and lower case differ.";

/**
 * Makes the view that finds an event by its topic and id, or lists the events that match a topic, a prefix of topics, an id,
 * a source or a time. Without a condition it lists the newest events. The address of the page holds the search.
 */
export function createSearch() {
  const fields = {
    topic: byId("search-topic", HTMLInputElement),
    prefix: byId("search-prefix", HTMLInputElement),
    id: byId("search-id", HTMLInputElement),
    source: byId("search-source", HTMLInputElement),
    since: byId("search-since", HTMLInputElement),
    until: byId("search-until", HTMLInputElement),
  };
  const results = byId("search-results");
  const event = byId("event");
  let latest = 0;

  byId("search-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const address = viewAddress("search", {
      topic: fields.topic.value,
      prefix: fields.prefix.value,
      id: fields.id.value,
      source: fields.source.value,
      since: instantOf(fields.since.value),
      until: instantOf(fields.until.value),
    });
    if (location.hash === address) open(new URLSearchParams(address.split("?")[1]));
    else location.hash = address;
  });

  /** @param {URLSearchParams} parameters */
  async function open(parameters) {
    const query = readSearch(parameters);
    showFields(query);
    event.hidden = true;
    latest++;
    const key = keyOf(query);
    if (key) return openEvent(key, latest);
    const frame = element("div");
    results.replaceChildren(eventLinkHead(), frame);
    const list = createPagedList({
      frame,
      member: "events",
      empty: NOT_FOUND,
      render: (json) => element("div", { class: "rows" }, eventLink(json)),
    });
    return list.read("events", eventsParameters(query));
  }

  /** @param {SearchQuery} query */
  function showFields({ topic = "", prefix = "", id = "", source = "", since, until }) {
    fields.topic.value = topic;
    fields.prefix.value = prefix;
    fields.id.value = id;
    fields.source.value = source;
    fields.since.value = localField(since);
    fields.until.value = localField(until);
  }

  /**
   * @param {{ topic: string, id: string }} key
   * @param {number} mine
   */
  async function openEvent(key, mine) {
    say("Searching …");
    try {
      const json = await readEvent(key);
      if (mine !== latest) return;
      if (json === undefined) return say("No event has this topic and id. It may still be queued.");
      results.replaceChildren();
      showEvent(event, json);
      event.focus({ preventScroll: true });
    } catch (error) {
      if (mine === latest) say(`Reading failed: ${messageOf(error)}.`, true);
    }
  }

  /** @param {string} text */
  function say(text, isFailure = false) {
    results.replaceChildren(element("p", { class: isFailure ? "empty failed" : "empty", role: "status" }, text));
  }

  return { open, close: () => latest++ };
}
