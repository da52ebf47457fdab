import { byId } from "./dom.js";

/**
 * Asks before an action that cannot be undone. Resolves with whether the answer was yes; Escape means no.
 *
 * @param {string} question
 * @returns {Promise<boolean>}
 */
export function confirmed(question) {
  const dialog = byId("confirm", HTMLDialogElement);
  byId("confirm-question").textContent = question;
  dialog.returnValue = "";
  byId("confirm-no").onclick = () => dialog.close();
  byId("confirm-yes").onclick = () => dialog.close("yes");
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
