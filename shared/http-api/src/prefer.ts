/** The preferences in a client's `Prefer` header (RFC 7240) that Tidemark knows. */
export interface Preferences {
  /** The number of seconds that the client is willing to wait. */
  waitSeconds?: number;
  respondAsync: boolean;
  return?: "representation" | "minimal";
  handling?: "lenient" | "strict";
}

// A comma within quotes does not separate items.
const ITEM = /(?:"(?:\\.|[^"\\])*"|[^,])+/g;

/**
 * Reads `Prefer`. As RFC 7240 demands, unknown or malformed preferences are ignored, and the first of a repeated one
 * counts.
 */
export function readPreferences(header: string | string[] | undefined): Preferences {
  const preferences: Preferences = { respondAsync: false };
  if (header === undefined) return preferences;
  for (const [item] of String(header).matchAll(ITEM)) {
    const [name = "", quoted = ""] = (item.split(";")[0] as string).split("=").map((part) => part.trim());
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
