/**
 * The key of this tab. It is kept in `sessionStorage`, which no other tab sees and which is empty again when the tab is
 * closed, and is sent as a header, never in an address.
 */
const NAME = "tidemark.key";

/** @returns {Record<string, string>} */
export function keyHeaders() {
  const key = sessionStorage.getItem(NAME);
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

export function hasKey() {
  return sessionStorage.getItem(NAME) !== null;
}

/** @param {string} key */
export function keepKey(key) {
  sessionStorage.setItem(NAME, key);
}

export function forgetKey() {
  sessionStorage.removeItem(NAME);
}

/** @type {(reason: string) => void} */
let listener = () => {};

/**
 * Calls `listen` with the reason whenever the service refuses the key of a request, or that there is none.
 *
 * @param {(reason: string) => void} listen
 */
export function onRefusedKey(listen) {
  listener = listen;
}

/** @param {string} reason */
export function reportRefusedKey(reason) {
  listener(reason);
}
