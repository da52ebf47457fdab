import { isIP } from "node:net";
import { z } from "zod";

/** Names of ranges that are reserved for local networks. */
const RANGE_NAMES = new Set(["loopback", "linklocal", "uniquelocal"]);

/** Creates the schema of an environment variable that lists addresses and ranges of addresses, with commas between them. */
export function addressRanges() {
  return z
    .string()
    .default("")
    .transform((text) => text.split(",").map((range) => range.trim()))
    .transform((ranges) => ranges.filter((range) => range !== ""))
    .refine((ranges) => ranges.every(isAddressRange), {
      error: "must be addresses or ranges such as 10.0.0.7, 10.1.0.0/16 or loopback, with commas between them",
    });
}

function isAddressRange(range: string): boolean {
  const [address = "", bits, ...more] = range.split("/");
  const version = isIP(address);
  if (version === 0) return RANGE_NAMES.has(range);
  return (
    bits === undefined || (more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
  );
}
