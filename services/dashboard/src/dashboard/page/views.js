import { byId } from "./dom.js";

/** The address of a search, for links. */
export function searchAddress({ topic, id }) {
  const parameters = new URLSearchParams();
  if (topic !== undefined) parameters.set("topic", topic);
  if (id !== undefined) parameters.set("id", id);
  return `#/search?${parameters}`;
}

/**
 * Shows the view that the address names, and tells it: `open(parameters)` when it comes, `close()` when it goes. The
 * first one stands for addresses that name none.
 */
export function startViews(views) {
  const names = Object.keys(views);
  let current;

  function follow() {
    const [name, query] = location.hash.replace(/^#\/?/, "").split("?");
    const isFirst = current === undefined;
    const next = names.includes(name) ? name : names[0];
    if (next !== current) change(next, isFirst);
    views[next].open?.(new URLSearchParams(query));
  }

  function change(next, isFirst) {
    if (current !== undefined) views[current].close?.();
    current = next;
    for (const name of names) byId(name).hidden = name !== next;
    for (const link of document.querySelectorAll("header nav:not(.more) a")) {
      if (link.hash === `#/${next}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (isFirst) return;
    scrollTo(0, 0);
    byId("content").focus({ preventScroll: true });
  }

  // The skip link's target is no view.
  addEventListener("hashchange", () => location.hash !== "#content" && follow());
  follow();
}
