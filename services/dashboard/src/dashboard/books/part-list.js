/** @import { Part } from "./parts.js" */
import { element } from "../page/dom.js";

/** @type {Partial<Record<Part["state"], string>>} */
const SPOKEN_STATES = { bad: "problem: ", warn: "needs attention: " };

/**
 * Shows parts in a list, and leaves the list alone if they are the same as before.
 *
 * @param {HTMLElement} list
 * @param {Part[]} parts
 */
export function showParts(list, parts) {
  const wanted = JSON.stringify(parts);
  if (list.dataset.shown === wanted) return;
  list.dataset.shown = wanted;
  list.replaceChildren(
    ...parts.map(({ name, state, detail }) =>
      element(
        "li",
        { class: "state", "data-state": state, "aria-label": `${name}: ${SPOKEN_STATES[state] ?? ""}${detail}` },
        element("span", {}, name),
        element("span", {}, detail),
      ),
    ),
  );
}
