/** Further sources that a page needs beside this service itself. */
export interface PageNeeds {
  scripts?: string[];
  styles?: string[];
}

/**
 * The policy of a page (Content Security Policy, level 3): it loads nothing and talks to nobody but this service, so it
 * works without any other network, and nothing that is shown on it can run.
 */
export function contentSecurityPolicy({ scripts = [], styles = [] }: PageNeeds = {}): string {
  return [
    "default-src 'none'",
    ["script-src 'self'", ...scripts].join(" "),
    ["style-src 'self'", ...styles].join(" "),
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}
