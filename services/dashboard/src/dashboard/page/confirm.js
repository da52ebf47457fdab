import { byId } from "./dom.js";

/** Asks before what cannot be taken back. Resolves with whether the answer was yes; Escape is no. */
export function confirmed(question) {
  const dialog = byId("confirm");
  byId("confirm-question").textContent = question;
  dialog.returnValue = "";
  byId("confirm-no").onclick = () => dialog.close();
  byId("confirm-yes").onclick = () => dialog.close("yes");
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
