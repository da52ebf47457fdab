/** What a client asked for in its `Prefer` header (RFC 7240), as far as Tidemark knows it. */
export interface Preferences {
  /** Seconds the client is willing to wait. */
  waitSeconds?: number;
  respondAsync: boolean;
}

/**
 * Reads `Prefer`. Unknown or malformed preferences are ignored, of a repeated one the first counts, as RFC 7240 wants it.
 */
export function readPreferences(header: string | string[] | undefined): Preferences {
  const preferences: Preferences = { respondAsync: false };
  if (header === undefined) return preferences;
  for (const item of String(header).split(",")) {
    const [name = "", value = ""] = (item.split(";")[0] as string).split("=").map((part) => part.trim());
    if (name.toLowerCase() === "respond-async") preferences.respondAsync = true;
    if (name.toLowerCase() === "wait" && /^"?\d{1,9}"?$/.test(value)) {
      preferences.waitSeconds ??= Number(value.replaceAll('"', ""));
    }
  }
  return preferences;
}
