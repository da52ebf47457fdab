import { isIPv6, SocketAddress } from "node:net";

const IPV4_IN_IPV6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * Returns the block of addresses that counts as one client. For IPv6 that is the /64, because a provider gives a
 * customer at least that many addresses (RFC 6177), and each of them would otherwise have its own limits.
 */
export function addressBlock(ip: string): string {
  if (!ip.includes(":")) return ip;
  const mapped = IPV4_IN_IPV6.exec(ip);
  if (mapped?.[1] !== undefined) return mapped[1];
  const [address = ""] = ip.split("%"); // without the zone of a link-local address
  if (!isIPv6(address)) return ip;
  const network = groupsOf(address).slice(0, NETWORK_GROUPS);
  return `${network.map((group) => group.toString(16)).join(":")}::/64`;
}

function groupsOf(address: string): number[] {
  // Node writes the address in its shortest form (RFC 5952); an IPv4 address at its end lies behind the network's part.
  const [head = "", tail] = new SocketAddress({ address, family: "ipv6" }).address.split("::");
  const read = (text: string | undefined) =>
    (text ?? "")
      .split(":")
      .filter((group) => group !== "")
      .flatMap((group) => (group.includes(".") ? [0, 0] : [Number.parseInt(group, 16)]));
  const [first, last] = [read(head), read(tail)];
  return [...first, ...Array<number>(GROUPS - first.length - last.length).fill(0), ...last];
}
