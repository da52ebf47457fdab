import { element } from "../page/dom.js";
import { isSameScalar, leaves, members } from "../text/json-text.js";

const COMPARED = ["source", "timestamp", "payload", "attributes"];
/** What is alike is left out from here on. */
const MAX_ROWS = 200;

/** What is stored and a copy of it, field by field, what differs marked and first. Both are the JSON texts of events. */
export function comparisonTable(stored, copy) {
  const rows = compare(stored, copy);
  rows.sort((one, other) => one.isSame - other.isSame);
  return element(
    "div",
    { class: "table-frame", role: "region", "aria-label": "Comparison", tabindex: "0" },
    element(
      "table",
      { class: "comparison texts" },
      element(
        "thead",
        {},
        element("tr", {}, ...["Field", "Stored", "This copy"].map((text) => element("th", { scope: "col" }, text))),
      ),
      element("tbody", {}, ...rows.slice(0, MAX_ROWS).map(comparisonRow)),
    ),
  );
}

function comparisonRow({ path, before, after, isSame }) {
  const value = (text) =>
    text === undefined ? element("em", { class: "quiet" }, "absent") : element("code", {}, text);
  return element(
    "tr",
    { class: isSame ? undefined : "differs" },
    element("th", { scope: "row" }, path, isSame ? "" : element("span", { class: "quiet" }, " differs")),
    element("td", {}, value(before)),
    element("td", {}, value(after)),
  );
}

/** `[{ path, before, after, isSame }]`, in the order of the stored event. */
function compare(stored, copy) {
  const before = fieldsOf(stored);
  const after = fieldsOf(copy);
  return [...new Set([...before.keys(), ...after.keys()])].map((path) => ({
    path,
    before: before.get(path),
    after: after.get(path),
    isSame: isSameScalar(before.get(path), after.get(path)),
  }));
}

function fieldsOf(text) {
  const event = members(text);
  return new Map(COMPARED.filter((name) => event.has(name)).flatMap((name) => leaves(event.get(name), name)));
}
