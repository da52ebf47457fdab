/**
 * Returns the policy of a page (Content Security Policy, level 3). The page loads everything from this service and
 * connects to nothing else, so it works without any other network, and no script in the data that it shows can run.
 */
export function contentSecurityPolicy({ styles = [] }: { styles?: string[] } = {}): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    ["style-src 'self'", ...styles].join(" "),
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/**
 * Further headers of a page. Browsers must not guess its type, send its address to other sites, or share a window with
 * them.
 */
export const PAGE_HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};
