import { readEvent } from "../api/endpoints.js";
import { messageOf } from "../api/request.js";
import { byId, element } from "../page/dom.js";
import { createPagedList } from "../page/paged-list.js";
import { searchAddress } from "../page/views.js";
import { eventLink } from "./event-link.js";
import { showEvent } from "./event-view.js";

/**
 * Makes the view that finds an event by its topic and id, or lists the events of a topic or of an id. The address of the
 * page holds the search.
 */
export function createSearch() {
  const topicInput = byId("search-topic", HTMLInputElement);
  const idInput = byId("search-id", HTMLInputElement);
  const results = byId("search-results");
  const event = byId("event");
  let latest = 0;

  byId("search-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const address = searchAddress({ topic: topicInput.value || undefined, id: idInput.value || undefined });
    if (location.hash === address) open(new URLSearchParams(address.split("?")[1]));
    else location.hash = address;
  });

  /** @param {URLSearchParams} parameters */
  async function open(parameters) {
    const topic = parameters.get("topic") ?? "";
    const id = parameters.get("id") ?? "";
    topicInput.value = topic;
    idInput.value = id;
    event.hidden = true;
    latest++;
    if (topic !== "" && id !== "") return openEvent({ topic, id }, latest);
    if (topic === "" && id === "") return say("Enter a topic, an event id, or both.");
    const list = createPagedList({
      frame: results,
      member: "events",
      empty: "No events found.",
      render: (json) => element("div", { class: "rows" }, eventLink(json)),
    });
    return list.read("events", { topic, event_id: id, limit: "50" });
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
