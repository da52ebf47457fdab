import { isIP } from "node:net";
import { hostname } from "node:os";

export interface KnownHostsOptions {
  /** The address that the server listens on. */
  host?: string | undefined;
  /** Further names: `tidemark.example.com`, `*.example.com` for every name below, `*` for every name. */
  allowedHosts?: readonly string[] | undefined;
}

/** The names of docker-compose.yml, which only its own network resolves. No public DNS server has a name without a dot. */
const COMPOSE_NAMES = ["edge", "gateway", "consumer", "query"];

/**
 * Creates a function that says whether a `Host` header names this service. An attacker's page may call any name that
 * the attacker's DNS server resolves to this machine (DNS rebinding), and the browser treats the answers as those of
 * the page's own site. A literal address is always known, because it needs no DNS server.
 */
export function createKnownHosts({ host, allowedHosts = [] }: KnownHostsOptions): (header: string) => boolean {
  // An empty header names no host, and browsers never send it.
  const names = new Set(["", "localhost", ...COMPOSE_NAMES, hostname().toLowerCase()]);
  if (host !== undefined) names.add(host.toLowerCase());
  const endings = [".localhost"]; // browsers never ask a DNS server for names below localhost (RFC 6761, section 6.3)
  for (const allowed of allowedHosts) {
    if (allowed === "*") return () => true;
    if (allowed.startsWith("*.")) endings.push(allowed.slice(1));
    else names.add(allowed);
  }
  return (header) => {
    const name = nameOf(header);
    return names.has(name) || isIP(name) !== 0 || endings.some((ending) => name.endsWith(ending));
  };
}

/** Returns the name or address in a `Host` header: in lower case, without port, brackets and the dot at its end. */
function nameOf(header: string): string {
  const text = header.toLowerCase().replace(/:\d*$/, "");
  return text.startsWith("[") ? text.slice(1, -1) : text.replace(/\.$/, "");
}
