/** @import { ComparedValue } from "./comparison.js" */
import { element } from "../page/dom.js";
import { compareEvents } from "./comparison.js";

/** Further values that are the same are left out. */
const MAX_ROWS = 200;

/**
 * Makes a table of a stored event and a duplicate of it, value by value. Values that differ are marked and come first.
 *
 * @param {string} stored the JSON text of the stored event
 * @param {string} duplicate the JSON text of the duplicate
 */
export function comparisonTable(stored, duplicate) {
  const head = ["Field", "Stored", "Duplicate"].map((text) => element("th", { scope: "col" }, text));
  const rows = compareEvents(stored, duplicate).slice(0, MAX_ROWS).map(comparisonRow);
  return element(
    "div",
    { class: "table-frame", role: "region", "aria-label": "Comparison", tabindex: "0" },
    element(
      "table",
      { class: "comparison texts" },
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...rows),
    ),
  );
}

/** @param {ComparedValue} compared */
function comparisonRow({ path, stored, duplicate, isSame }) {
  return element(
    "tr",
    { class: isSame ? undefined : "differs" },
    element("th", { scope: "row" }, path, isSame ? "" : element("span", { class: "quiet" }, " differs")),
    valueCell(stored),
    valueCell(duplicate),
  );
}

/** @param {string | undefined} json */
function valueCell(json) {
  const value = json === undefined ? element("em", { class: "quiet" }, "absent") : element("code", {}, json);
  return element("td", {}, value);
}
