/** An escaped backslash, which begins no other escape; a character beyond U+FFFF as two escapes; any other escaped character. */
const ESCAPES = /\\\\|\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|\\u([0-9a-f]{4})/gi;
/** Quotes and backslashes have a meaning in JSON, the others cannot be seen or change the direction of the text. */
const KEPT = /["\\\p{C}\p{Z}]/u;

/**
 * Returns the same JSON with characters in place of their escapes: `"Gr\u00fc\u00dfe"` becomes `"Grüße"`. Escapes of
 * characters that cannot be seen, or that would change the text around them, stay.
 *
 * @param {string} json
 */
export function readableJson(json) {
  return json.replace(ESCAPES, (escaped, ...groups) => {
    const codes = groups.slice(0, 3).filter((code) => code !== undefined);
    if (codes.length === 0) return escaped;
    const character = String.fromCharCode(...codes.map((code) => Number.parseInt(code, 16)));
    return KEPT.test(character) ? escaped : character;
  });
}
