/** @import { Observation } from "../api/poller.js" */
import { withParameters } from "../api/request.js";
import { byId } from "./dom.js";

/**
 * @typedef {object} View
 * @property {(parameters: URLSearchParams) => unknown} [open] called when the address names the view, with its query
 * @property {() => unknown} [close] called when the address names another view
 * @property {(observation: Observation) => void} [show] called with each new observation
 * @property {() => number} [listed] returns the number of topics or sources that the view shows of /stats
 */

/** The view of an address that names none. */
const FIRST = "books";

/**
 * Returns the address of a view with those parameters that are neither undefined nor empty.
 *
 * @param {string} view
 * @param {Record<string, string | undefined>} parameters
 */
export function viewAddress(view, parameters) {
  return `#/${withParameters(view, parameters)}`;
}

/**
 * Returns the address of a search.
 *
 * @param {{ topic?: string | undefined, id?: string | undefined }} search
 */
export function searchAddress(search) {
  return viewAddress("search", search);
}

/**
 * Shows the view that the address names. Each view has the id of its section in index.html.
 *
 * @param {Record<string, View>} views
 */
export function startViews(views) {
  const ids = Object.keys(views);
  /** @type {string | undefined} */
  let current;

  function follow() {
    const [id = "", query] = location.hash.replace(/^#\/?/, "").split("?");
    const next = ids.includes(id) ? id : FIRST;
    if (next !== id && id !== "") return location.replace(viewAddress(FIRST, {})); // an address of no view
    if (next !== current) change(next);
    views[next]?.open?.(new URLSearchParams(query));
  }

  /** @param {string} next */
  function change(next) {
    const before = current;
    current = next;
    for (const id of ids) byId(id).hidden = id !== next;
    markLink(next);
    if (before === undefined) return;
    views[before]?.close?.();
    scrollTo(0, 0);
    byId("content").focus({ preventScroll: true });
  }

  // The target of the skip link is not a view.
  addEventListener("hashchange", () => location.hash !== "#content" && follow());
  follow();
}

/** @param {string} current */
function markLink(current) {
  /** @type {NodeListOf<HTMLAnchorElement>} */
  const links = document.querySelectorAll("header nav:not(.more) a");
  for (const link of links) {
    if (link.hash === `#/${current}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}
