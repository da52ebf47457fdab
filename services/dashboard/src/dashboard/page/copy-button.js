import { element } from "./dom.js";

const SHOWN_MS = 2_000;

/**
 * Makes a button that copies a text, and says for two seconds whether it did.
 *
 * @param {string} name
 * @param {string} text
 */
export function copyButton(name, text) {
  const button = element("button", { type: "button", class: "copy", click: copy }, name);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  async function copy() {
    clearTimeout(timer);
    button.textContent = (await writeToClipboard(text)) ? "Copied" : "Not copied";
    timer = setTimeout(() => {
      button.textContent = name;
    }, SHOWN_MS);
  }
  return button;
}

/** @param {string} text */
async function writeToClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text); // a page over plain HTTP of another host has no clipboard
  }
}

/** @param {string} text */
function copySelected(text) {
  const holder = element("textarea", { class: "off-screen" });
  holder.value = text;
  document.body.append(holder);
  const focused = document.activeElement;
  holder.select();
  const isCopied = document.execCommand("copy");
  holder.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
