import { readText, withParameters } from "../api/request.js";
import { elements, members } from "../text/json-text.js";
import { element } from "./dom.js";

/** A page looks at some thousand rows, and with a filter that matches little it is empty: then the next one is read. */
const MAX_EMPTY_PAGES = 20;

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
      let found = [];
      for (let page = 0; page < MAX_EMPTY_PAGES && found.length === 0; page++) {
        found = await readPage();
        if (mine !== reading) return;
        if (place.cursor === undefined) break;
      }
      items.append(...found.map(render));
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

  async function readPage() {
    const here = place;
    const page = members(await readText(withParameters(here.path, { ...here.parameters, cursor: here.cursor })));
    here.cursor = JSON.parse(page.get("next_cursor")) ?? undefined;
    return elements(page.get(member));
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
