/**
 * JSON as text. JSON.parse would round numbers to the 15 to 17 digits that JavaScript keeps; here every scalar stays as
 * it was written. Texts come from the service, so they are JSON.
 */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g;
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** The members of an object, each value as its text. Of repeated keys the last counts. */
export function members(text) {
  return new Map(parts(text).map((part) => [JSON.parse(part.key), part.text]));
}

/** The elements of an array, each as its text. */
export function elements(text) {
  return parts(text).map((part) => part.text);
}

/** What stands directly inside of an object or array. */
function parts(text) {
  const found = [];
  let depth = 0;
  let key;
  let start = -1;
  let end = -1;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const closes = token === "}" || token === "]";
    if (closes) depth--;
    if (depth === 0 && start === -1 && (closes || token === "{" || token === "[")) {
      if (!closes) depth++;
      continue;
    }
    if (depth === 1 && token === ":") {
      key = text.slice(start, end);
      start = -1;
    } else if ((depth === 1 && token === ",") || depth === 0) {
      if (start !== -1) found.push({ key, text: text.slice(start, end) });
      start = -1;
    } else {
      if (start === -1) start = index;
      end = index + token.length;
    }
    if (token === "{" || token === "[") depth++;
  }
  return found;
}

/** The same JSON with one member or element a line. */
export function prettyJson(text) {
  let out = "";
  let depth = 0;
  let before = "";
  for (const [token] of text.matchAll(TOKEN)) {
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

/** Every scalar (and empty object or array) of a value by its path: `payload.items[0].price`. */
export function leaves(text, path) {
  const inner = text.startsWith("{")
    ? parts(text).map((part) => [`${path}${step(JSON.parse(part.key))}`, part.text])
    : text.startsWith("[")
      ? elements(text).map((element, index) => [`${path}[${index}]`, element])
      : [];
  if (inner.length === 0) return [[path, text]];
  return inner.flatMap(([place, value]) => leaves(value, place));
}

function step(key) {
  return /^[\w$-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** Whether two scalars are the same JSON value: `1.0` is `1`, and `"a"` is the same letter escaped. */
export function isSameScalar(one, other) {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  if (one.startsWith('"') && other.startsWith('"')) return JSON.parse(one) === JSON.parse(other);
  return NUMBER.test(one) && NUMBER.test(other) && plainNumber(one) === plainNumber(other);
}

/** One spelling for all of a number's: its digits without zeros at either end, and the power of ten they stand at. */
function plainNumber(text) {
  const [, sign, whole, fraction = "", exponent = "0"] = NUMBER.exec(text);
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}
