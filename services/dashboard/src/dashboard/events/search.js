import { byId, element } from "../page/dom.js";
import { createPagedList } from "../page/paged-list.js";
import { searchAddress } from "../page/views.js";
import { clock, localTime } from "../text/format.js";
import { members } from "../text/json-text.js";
import { readEvent, showEvent } from "./event-view.js";

/** Finds an event by its topic and id, or lists those of a topic, or those of an id. The address says what is sought. */
export function createSearch() {
  const topicInput = byId("search-topic");
  const idInput = byId("search-id");
  const results = byId("search-results");
  const event = byId("event");
  let asked = 0;

  byId("search-form").addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    const address = searchAddress({ topic: topicInput.value || undefined, id: idInput.value || undefined });
    if (location.hash === address) open(new URLSearchParams(address.split("?")[1]));
    else location.hash = address;
  });

  async function open(parameters) {
    const topic = parameters.get("topic") ?? "";
    const id = parameters.get("id") ?? "";
    topicInput.value = topic;
    idInput.value = id;
    event.hidden = true;
    asked++;
    if (topic !== "" && id !== "") return openEvent(topic, id, asked);
    if (topic === "" && id === "") return say("Give a topic, an id, or both.");
    const list = createPagedList({ frame: results, member: "events", empty: "No such events.", render: eventRow });
    return list.read("/events", { topic, event_id: id, limit: "50" });
  }

  async function openEvent(topic, id, mine) {
    say("Looking …");
    try {
      const text = await readEvent(topic, id);
      if (mine !== asked) return;
      if (text === undefined) return say("No event has this topic and id. It may still be queued.");
      results.replaceChildren();
      showEvent(event, text);
      event.focus({ preventScroll: true });
    } catch (error) {
      if (mine === asked) say(`Could not be read: ${error.message}.`, true);
    }
  }

  function say(text, isFailure = false) {
    results.replaceChildren(element("p", { class: isFailure ? "empty failed" : "empty", role: "status" }, text));
  }

  return { open, close: () => asked++ };
}

/** Enough to recognise one: more would be cut off on any screen. */
const EXCERPT = 300;

/** An event on one line, which opens it. */
export function eventRow(text) {
  const event = members(text);
  const [topic, id, at] = ["topic", "event_id", "processed_at"].map((name) => JSON.parse(event.get(name)));
  return element(
    "div",
    { class: "rows" },
    element(
      "a",
      { href: searchAddress({ topic, id }) },
      element("time", { datetime: at, title: localTime(at) }, clock(at)),
      element("span", { class: "topic" }, topic),
      element("span", { class: "id" }, id),
      element("code", { class: "hides-on-phone" }, event.get("payload").slice(0, EXCERPT)),
    ),
  );
}
