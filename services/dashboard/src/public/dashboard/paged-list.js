import { element } from "./dom.js";
import { elements, members } from "./json-text.js";
import { readText, withParameters } from "./service.js";

/**
 * A list that is read page by page, newest answer wins. Each item is handed to `render` as its JSON text, so that its
 * numbers keep their digits. Says that it loads, that there is nothing, or why it could not be read.
 */
export function createPagedList({ frame, member, empty, render }) {
  const items = element("div", { class: "stack", "data-list": member });
  const message = element("p", { class: "empty", role: "status" });
  const more = element("button", { type: "button", click: () => load() }, "Show more");
  frame.replaceChildren(items, message, element("p", { class: "more-rows" }, more));
  let reading = 0;
  let place = {};

  async function load() {
    const mine = ++reading;
    more.hidden = true;
    say("Reading …");
    try {
      const page = members(await readText(withParameters(place.path, { ...place.parameters, cursor: place.cursor })));
      if (mine !== reading) return;
      place.cursor = JSON.parse(page.get("next_cursor")) ?? undefined;
      items.append(...elements(page.get(member)).map(render));
      more.hidden = place.cursor === undefined;
      if (items.children.length > 0) say("");
      else say(more.hidden ? empty : "Nothing so far. There is more to look through.");
    } catch (error) {
      if (mine !== reading) return;
      say(`Could not be read: ${error.message}.`, true);
      more.hidden = false;
    }
    more.textContent = message.classList.contains("failed") ? "Try again" : "Show more";
  }

  function say(text, isFailure = false) {
    message.textContent = text;
    message.hidden = text === "";
    message.classList.toggle("failed", isFailure);
  }

  return {
    /** Begins anew. */
    read(path, parameters) {
      place = { path, parameters };
      items.replaceChildren();
      return load();
    },
  };
}
