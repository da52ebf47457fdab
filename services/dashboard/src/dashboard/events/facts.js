import { element } from "../page/dom.js";
import { prettyJson } from "../text/json-text.js";

/**
 * Makes an entry of a list of facts.
 *
 * @param {string} name
 * @param {string} text
 */
export function fact(name, text) {
  return [element("dt", {}, name), element("dd", {}, text)];
}

/**
 * Makes a titled block of JSON.
 *
 * @param {string} title
 * @param {string} json
 */
export function jsonBlock(title, json) {
  return [element("h3", {}, title), element("pre", { tabindex: "0", "aria-label": title }, prettyJson(json))];
}
