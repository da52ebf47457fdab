import { InvalidInput } from "@tidemark/domain/errors";

/** The preferences in a client's `Prefer` header (RFC 7240) that Tidemark knows. */
export interface Preferences {
  /** The number of seconds that the client is willing to wait. */
  waitSeconds?: number;
  respondAsync: boolean;
  return?: "representation" | "minimal";
  handling?: "lenient" | "strict";
}

// All preferences that Tidemark knows fit into 80 characters.
const MAX_HEADER_BYTES = 1_024;

/**
 * Reads `Prefer`. As RFC 7240 demands, unknown or malformed preferences are ignored, and the first of a repeated one
 * counts.
 *
 * @throws {InvalidInput} 400 for a header of more than 1 KiB
 */
export function readPreferences(header: string | string[] | undefined): Preferences {
  const preferences: Preferences = { respondAsync: false };
  if (header === undefined) return preferences;
  const text = String(header);
  if (text.length > MAX_HEADER_BYTES) {
    const detail = `the Prefer header is longer than the limit of ${MAX_HEADER_BYTES} bytes`;
    throw new InvalidInput({ code: "bad_request", status: 400, detail });
  }
  for (const item of splitAtCommas(text)) {
    const [name = "", quoted = ""] = (item.split(";", 1)[0] as string).split("=").map((part) => part.trim());
    const value = quoted.replace(/^"(.*)"$/, "$1");
    switch (name.toLowerCase()) {
      case "respond-async":
        preferences.respondAsync = true;
        break;
      case "wait":
        if (/^\d{1,9}$/.test(value)) preferences.waitSeconds ??= Number(value);
        break;
      case "return":
        if (value === "representation" || value === "minimal") preferences.return ??= value;
        break;
      case "handling":
        if (value === "lenient" || value === "strict") preferences.handling ??= value;
    }
  }
  return preferences;
}

/** Splits a list at its commas. A comma within quotes does not separate items. */
function splitAtCommas(text: string): string[] {
  const items: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (character === "\\" && isQuoted) at++;
    else if (character === "," && !isQuoted) {
      items.push(text.slice(start, at));
      start = at + 1;
    }
  }
  items.push(text.slice(start));
  return items;
}
