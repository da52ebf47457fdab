import { messageOf, readText, withParameters } from "../api/request.js";
import { elements, members, textOf } from "../text/json-text.js";
import { element } from "./dom.js";

/** A page covers some thousand rows, and with a filter that matches few of them it is empty. Then the next one is read. */
const MAX_EMPTY_PAGES = 20;

/**
 * @typedef {object} ListOptions
 * @property {HTMLElement} frame the element that the list fills
 * @property {string} member the member of the answer that holds the items
 * @property {string} empty the sentence for a list without items
 * @property {(json: string) => Node} render makes the element of an item from its JSON text, which keeps its digits
 */

/**
 * Makes a list that is read page by page. It says that it is loading, that it is empty, or why reading it failed. An
 * answer to a request that is not the latest one is dropped.
 *
 * @param {ListOptions} options
 */
export function createPagedList({ frame, member, empty, render }) {
  const items = element("div", { class: "stack", "data-list": member });
  const message = element("p", { class: "empty", role: "status" });
  const more = element("button", { type: "button", click: () => load() }, "Show more");
  frame.replaceChildren(items, message, element("p", { class: "more-rows" }, more));
  let latest = 0;
  /** @type {{ path: string, parameters: Record<string, string | undefined>, cursor?: string | undefined }} */
  let next = { path: "", parameters: {} };

  async function load() {
    const mine = ++latest;
    more.hidden = true;
    say("Reading …");
    try {
      const found = await readItems(() => mine === latest);
      if (mine !== latest) return;
      items.append(...found.map(render));
      more.hidden = next.cursor === undefined;
      if (items.children.length > 0) say("");
      else say(more.hidden ? empty : "Nothing found yet. There are more rows to search.");
    } catch (error) {
      if (mine !== latest) return;
      say(`Reading failed: ${messageOf(error)}.`, true);
      more.hidden = false;
    }
    more.textContent = message.classList.contains("failed") ? "Try again" : "Show more";
  }

  /** @param {() => boolean} isWanted */
  async function readItems(isWanted) {
    for (let page = 0; page < MAX_EMPTY_PAGES; page++) {
      const found = await readPage();
      if (found.length > 0 || next.cursor === undefined || !isWanted()) return found;
    }
    return [];
  }

  async function readPage() {
    const request = next;
    const path = withParameters(request.path, { ...request.parameters, cursor: request.cursor });
    const page = members(await readText(path));
    /** @type {string | null} */
    const cursor = JSON.parse(textOf(page, "next_cursor"));
    request.cursor = cursor ?? undefined;
    return elements(textOf(page, member));
  }

  /** @param {string} text */
  function say(text, isFailure = false) {
    message.textContent = text;
    message.hidden = text === "";
    message.classList.toggle("failed", isFailure);
  }

  return {
    /**
     * Empties the list and reads its first page.
     *
     * @param {string} path
     * @param {Record<string, string | undefined>} parameters
     */
    read(path, parameters) {
      next = { path, parameters };
      items.replaceChildren();
      return load();
    },
  };
}
