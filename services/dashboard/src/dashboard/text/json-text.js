/**
 * Reads and writes JSON as text. JSON.parse would round numbers to the 15 to 17 digits that JavaScript keeps. These
 * functions keep every scalar as it was written. The texts come from the service, so they are valid JSON.
 */

/**
 * The members of an object, each as its JSON text.
 *
 * @typedef {ReadonlyMap<string, string>} Members
 */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Returns the members of an object. If a key is repeated, the last one counts.
 *
 * @param {string} json
 * @returns {Members}
 */
export function members(json) {
  return new Map(parts(json).map(({ key, text }) => [JSON.parse(key), text]));
}

/**
 * Returns the JSON text of a member.
 *
 * @param {Members} object
 * @param {string} name
 * @throws {TypeError} if there is no such member
 */
export function textOf(object, name) {
  const text = object.get(name);
  if (text === undefined) throw new TypeError(`the answer has no ${name}`);
  return text;
}

/**
 * Returns the value of a member that is a string.
 *
 * @param {Members} object
 * @param {string} name
 * @returns {string}
 * @throws {TypeError} if there is no such member
 */
export function stringOf(object, name) {
  return JSON.parse(textOf(object, name));
}

/**
 * Returns the elements of an array, each as its JSON text.
 *
 * @param {string} json
 */
export function elements(json) {
  return parts(json).map(({ text }) => text);
}

/**
 * Returns the direct members of an object or elements of an array. A key is a JSON text, and empty in an array.
 *
 * @param {string} json
 */
function parts(json) {
  const found = [];
  let depth = 0;
  let key = "";
  let start = -1;
  let end = -1;
  for (const { 0: token, index } of json.matchAll(TOKEN)) {
    const closes = token === "}" || token === "]";
    if (closes) depth--;
    if (depth === 0 && start === -1 && (closes || token === "{" || token === "[")) {
      if (!closes) depth++;
      continue;
    }
    if (depth === 1 && token === ":") {
      key = json.slice(start, end);
      start = -1;
    } else if ((depth === 1 && token === ",") || depth === 0) {
      if (start !== -1) found.push({ key, text: json.slice(start, end) });
      start = -1;
    } else {
      if (start === -1) start = index;
      end = index + token.length;
    }
    if (token === "{" || token === "[") depth++;
  }
  return found;
}

/**
 * Returns the same JSON with one member or element on each line.
 *
 * @param {string} json
 */
export function prettyJson(json) {
  let out = "";
  let depth = 0;
  let before = "";
  for (const [token] of json.matchAll(TOKEN)) {
    const closes = token === "}" || token === "]";
    if (closes) depth--;
    const isFirst = before === "{" || before === "[";
    if (before !== "" && (before === "," || (isFirst && !closes) || (closes && !isFirst))) {
      out += `\n${"  ".repeat(depth)}`;
    }
    out += token === ":" ? ": " : token;
    if (token === "{" || token === "[") depth++;
    before = token;
  }
  return out;
}

/**
 * Returns every scalar (and empty object or array) of a value with its path: `payload.items[0].price`.
 *
 * @param {string} json
 * @param {string} path the path of the value itself
 * @returns {[path: string, json: string][]}
 */
export function leaves(json, path) {
  const inner = json.startsWith("{")
    ? parts(json).map(({ key, text }) => ({ path: `${path}${step(JSON.parse(key))}`, text }))
    : json.startsWith("[")
      ? elements(json).map((text, index) => ({ path: `${path}[${index}]`, text }))
      : [];
  if (inner.length === 0) return [[path, json]];
  return inner.flatMap((each) => leaves(each.text, each.path));
}

/** @param {string} key */
function step(key) {
  return /^[\w$-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/**
 * Whether two scalars are the same JSON value: `1.0` equals `1`, and an escaped letter equals the letter.
 *
 * @param {string | undefined} one
 * @param {string | undefined} other
 */
export function isSameScalar(one, other) {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  if (one.startsWith('"') && other.startsWith('"')) return JSON.parse(one) === JSON.parse(other);
  const number = normalizedNumber(one);
  return number !== undefined && number === normalizedNumber(other);
}

/**
 * Returns a number as its digits without zeros at either end and their power of ten: equal numbers get equal texts.
 * Returns undefined for any other scalar.
 *
 * @param {string} text
 */
function normalizedNumber(text) {
  const [match, sign, whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  if (match === undefined) return undefined;
  const digits = (whole + fraction).replace(/^0+/, "");
  // Not /0+$/, which starts again at each zero: a number with 100,000 zeros in its middle took ten seconds.
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  const significant = digits.slice(0, end);
  if (significant === "") return "0";
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}
