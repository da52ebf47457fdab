/** The number of characters that an error quotes of a pointer or a value. */
export const MAX_QUOTED_CHARACTERS = 200;

/** Cuts a longer text in the middle, so that it has `maxCharacters` (Unicode code points) with a `…`. */
export function shorten(text: string, maxCharacters = MAX_QUOTED_CHARACTERS): string {
  if (text.length <= maxCharacters) return text;
  const isShort = text.length <= 2 * maxCharacters && Array.from(text).length <= maxCharacters;
  return isShort ? text : cut(text, text, maxCharacters);
}

/** Joins the beginning and the end of a text, each of at least `maxCharacters`, and cuts the result like `shorten`. */
export function cut(beginning: string, end: string, maxCharacters = MAX_QUOTED_CHARACTERS): string {
  const half = maxCharacters / 2;
  const first = Array.from(beginning.slice(0, maxCharacters)).slice(0, half);
  const last = Array.from(end.slice(-maxCharacters)).slice(1 - half);
  return `${first.join("")}…${last.join("")}`.toWellFormed();
}
