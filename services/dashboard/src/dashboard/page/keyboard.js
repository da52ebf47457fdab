import { byId } from "./dom.js";

/** The first field of each view that has one. */
const FIELDS = ["topic-filter", "live-topic", "search-topic"];
const LISTS = ".rows, .stack, tbody";
const TYPED_INTO = "input, select, textarea, dialog, [role=slider]";

/**
 * Lets `/` lead to the field of the view, or to the search, and the arrow keys from one link of a list to the next.
 *
 * @param {() => void} openSearch
 */
export function startKeyboard(openSearch) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest(TYPED_INTO)) return;
    if (event.key === "/") {
      event.preventDefault();
      focusField(openSearch);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (moveFocus(event.key === "ArrowDown" ? 1 : -1)) event.preventDefault();
    }
  });
}

/** @param {() => void} openSearch */
function focusField(openSearch) {
  const isShown = (/** @type {HTMLElement} */ field) => field.offsetParent !== null;
  if (!FIELDS.map((id) => byId(id)).some(isShown)) openSearch();
  const field = FIELDS.map((id) => byId(id, HTMLInputElement)).find(isShown) ?? byId("search-topic", HTMLInputElement);
  field.focus();
  field.select();
}

/**
 * Moves the focus from a link of a list to the one before or after it.
 *
 * @param {1 | -1} step
 */
function moveFocus(step) {
  const current = document.activeElement;
  const list = current?.closest(".stack") ?? current?.closest(LISTS);
  if (!(current instanceof HTMLAnchorElement) || !list) return false;
  /** @type {HTMLAnchorElement[]} */
  const links = Array.from(list.querySelectorAll("a"));
  const next = links[links.indexOf(current) + step];
  next?.focus();
  return next !== undefined;
}
