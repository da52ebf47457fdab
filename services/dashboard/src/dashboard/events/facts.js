import { copyButton } from "../page/copy-button.js";
import { element } from "../page/dom.js";
import { prettyJson } from "../text/json-text.js";
import { readableJson } from "../text/readable-json.js";

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
 * Makes a titled block of JSON, with a button that copies it. Where its text has escapes that can be read, a second block
 * shows them as characters.
 *
 * @param {string} title
 * @param {string} json
 */
export function jsonBlock(title, json) {
  const exact = prettyJson(json);
  const readable = readableJson(exact);
  return [
    element("div", { class: "block-head" }, element("h3", {}, title), copyButton("Copy", json)),
    element("pre", { tabindex: "0", "aria-label": title }, exact),
    ...(readable === exact
      ? []
      : [
          element("h3", {}, `${title}, escapes as characters`),
          element("pre", { tabindex: "0", "aria-label": `${title}, readable` }, readable),
        ]),
  ];
}
