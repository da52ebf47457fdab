/** What a client asked for in its `Prefer` header (RFC 7240), as far as Tidemark knows it. */
export interface Preferences {
  /** Seconds the client is willing to wait. */
  waitSeconds?: number;
  respondAsync: boolean;
  return?: "representation" | "minimal";
  handling?: "lenient" | "strict";
}

// Quoted commas separate nothing.
const ITEM = /(?:"(?:\\.|[^"\\])*"|[^,])+/g;

/**
 * Reads `Prefer`. Unknown or malformed preferences are ignored, of a repeated one the first counts, as RFC 7240 wants it.
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
