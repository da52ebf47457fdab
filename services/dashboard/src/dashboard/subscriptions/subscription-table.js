/** @import { SubscriptionAnswer } from "../api/contract.d.ts" */
import { element, setText } from "../page/dom.js";
import { count } from "../text/format.js";
import { acknowledgedText, behindText, topicsText, unreadText, warningText } from "./subscription-texts.js";

/** @type {{ name: string, textOf: (subscription: SubscriptionAnswer) => string }[]} */
const FIGURES = [
  { name: "Unread events", textOf: unreadText },
  { name: "Behind", textOf: behindText },
  { name: "Last acknowledged", textOf: acknowledgedText },
];

/** @typedef {(name: string) => void} Remove */

/**
 * Makes a table of subscriptions that keeps the row of a subscription from one answer to the next, so that a button keeps its
 * focus.
 *
 * @param {{ frame: HTMLElement, remove?: Remove }} options `remove` is absent if this page may not delete
 */
export function createSubscriptionTable({ frame, remove }) {
  /** @type {Map<string, ReturnType<typeof createRow>>} */
  let rows = new Map();
  const head = ["Subscription", ...FIGURES.map(({ name }) => name)].map((name) =>
    element("th", { scope: "col" }, name),
  );
  const actions = remove && element("th", { scope: "col" }, element("span", { class: "off-screen" }, "Actions"));
  const body = element("tbody");
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...head, actions)), body);
  const label = { role: "region", "aria-label": "Subscriptions", tabindex: "0" };
  const holder = element("div", { class: "table-frame subscriptions", hidden: true, ...label }, table);
  frame.replaceChildren(holder);

  return {
    /** @param {SubscriptionAnswer[]} subscriptions */
    show(subscriptions) {
      holder.hidden = subscriptions.length === 0;
      const before = rows;
      rows = new Map(subscriptions.map(({ name }) => [name, before.get(name) ?? createRow(name, remove)]));
      for (const subscription of subscriptions) rows.get(subscription.name)?.show(subscription);
      const shown = [...rows.values()].map(({ row }) => row);
      if (shown.length !== body.children.length || shown.some((row, index) => row !== body.children[index])) {
        body.replaceChildren(...shown);
      }
    },
  };
}

/**
 * @param {string} name
 * @param {Remove} [remove]
 */
function createRow(name, remove) {
  const topics = element("span", { class: "quiet" });
  const warning = element("span", { class: "badge" });
  const cells = FIGURES.map(({ name: figure, textOf }) => ({ cell: element("td", { "data-name": figure }), textOf }));
  const button =
    remove &&
    element(
      "button",
      { type: "button", class: "danger", "aria-label": `Delete the subscription ${name}`, click: () => remove(name) },
      "Delete …",
    );
  const row = element(
    "tr",
    {},
    element("th", { scope: "row" }, element("span", {}, name), topics, warning),
    ...cells.map(({ cell }) => cell),
    button && element("td", {}, button),
  );
  return {
    row,
    /** @param {SubscriptionAnswer} subscription */
    show(subscription) {
      setText(topics, topicsText(subscription));
      const text = warningText(subscription);
      setText(warning, text);
      warning.hidden = text === "";
      for (const { cell, textOf } of cells) setText(cell, textOf(subscription));
      row.title = `${count(subscription.acknowledged)} events acknowledged`;
    },
  };
}
