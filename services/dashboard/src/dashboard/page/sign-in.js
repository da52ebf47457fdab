/** @import { WhoamiAnswer } from "../api/contract.d.ts" */
import { readWhoami } from "../api/endpoints.js";
import { forgetKey, hasKey, keepKey, onRefusedKey } from "../api/key.js";
import { messageOf, Refused } from "../api/request.js";
import { sentence } from "../text/format.js";
import { byId, element, setText } from "./dom.js";

/** The texts that a header can hold. */
const WRITABLE = /^[\x21-\x7e]+$/;

/** The assumed rights of the page while the service is away. With all of them the page shows each refusal. */
const UNKNOWN = /** @satisfies {WhoamiAnswer} */ ({ name: null, scopes: ["publish", "read", "admin"], topics: null });

/**
 * Asks for a key if the service needs one. Resolves, once the service has accepted it, with what it may do. From then on a
 * dialog asks again whenever the key is refused, and the page is loaded again with the new key.
 *
 *   open service, or a key that works ──▶ signed in ──401──▶ asking ──accepted──▶ loaded again
 *   no key, or one that is refused ──▶ asking ──accepted──▶ signed in
 *
 * @returns {Promise<WhoamiAnswer>}
 */
export async function signIn() {
  const identity = await readIdentity();
  const known = identity ?? (await ask());
  onRefusedKey((reason) => {
    if (!byId("sign-in", HTMLDialogElement).open) ask(reason).then(() => location.reload());
  });
  showIdentity(known);
  return known;
}

/** Returns undefined if the service needs a key, or refuses this one. */
async function readIdentity() {
  try {
    return await readWhoami();
  } catch (error) {
    if (!(error instanceof Refused)) return UNKNOWN; // the service is down; the status line says so
    if (error.status !== 401) return UNKNOWN;
    setText(byId("sign-in-reason"), hasKey() ? reasonOf(error) : "");
    return undefined;
  }
}

/**
 * Shows the dialog until a key is accepted, and keeps that key.
 *
 * @param {string} [reason] why the key that the page had is refused
 * @returns {Promise<WhoamiAnswer>}
 */
function ask(reason) {
  const dialog = byId("sign-in", HTMLDialogElement);
  const input = byId("sign-in-key", HTMLInputElement);
  const button = byId("sign-in-button", HTMLButtonElement);
  if (reason !== undefined) setText(byId("sign-in-reason"), sentence(reason));
  byId("sign-in-cancel").onclick = () => dialog.close();
  showLocked();
  dialog.showModal();
  return new Promise((resolve) => {
    byId("sign-in-form").onsubmit = async (submitted) => {
      submitted.preventDefault();
      button.disabled = true;
      const identity = await tryKey(input.value.trim());
      button.disabled = false;
      if (identity === undefined) return input.select();
      input.value = "";
      dialog.close();
      resolve(identity);
    };
  });
}

/** @param {string} key */
async function tryKey(key) {
  const reason = byId("sign-in-reason");
  if (!WRITABLE.test(key)) {
    setText(reason, "A key has no spaces, and letters and digits only of ASCII.");
    return undefined;
  }
  keepKey(key);
  try {
    return await readWhoami();
  } catch (error) {
    forgetKey();
    setText(reason, reasonOf(error));
    return undefined;
  }
}

/** @param {unknown} error */
function reasonOf(error) {
  return sentence(messageOf(error));
}

function showLocked() {
  const open = () => byId("sign-in", HTMLDialogElement).showModal();
  byId("status").dataset.state = "warn";
  setText(byId("status-title"), "A key is needed");
  byId("status-detail").replaceChildren(element("button", { type: "button", click: open }, "Enter a key"));
}

/** Shows, instead of the views, that the key lacks the scope read, and offers to enter another one. */
export function showUnreadable() {
  byId("content").hidden = true;
  byId("views").hidden = true;
  byId("status").dataset.state = "unknown";
  setText(byId("status-title"), "This key cannot read");
  byId("status-detail").replaceChildren(
    "This page needs a key with the scope read. ",
    element("button", { type: "button", click: signOut }, "Use another key"),
  );
}

/** @param {WhoamiAnswer} identity */
function showIdentity({ name, scopes, topics }) {
  if (name === null) return;
  const reach = topics === null ? "all topics" : `topics that begin with ${topics.join(" or ")}`;
  byId("identity").replaceChildren(
    element("span", {}, "Key ", element("strong", {}, name), `: ${scopes.join(", ")}; ${reach}`),
    element("button", { type: "button", click: signOut }, "Sign out"),
  );
  byId("identity").hidden = false;
  // A browser opens these pages without the key, so they would be refused.
  byId("documentation").hidden = true;
}

function signOut() {
  forgetKey();
  location.reload();
}
