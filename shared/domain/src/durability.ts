/**
 * Whether confirmed events survive a power loss, as far as settings decide it. `unsafe`: a setting allows confirmed events to
 * be lost. `unknown`: the settings could not be read. `findings` names the settings.
 */
export interface Durability {
  status: "safe" | "unsafe" | "unknown";
  findings: DurabilityFinding[];
}

export interface DurabilityFinding {
  part: "log" | "store";
  /** The setting, its value, and what to set instead. */
  detail: string;
}

export const SAFE: Durability = { status: "safe", findings: [] };

/** Merges the durability of parts: the worst status counts, and equal findings are listed once. */
export function mergeDurability(parts: readonly Durability[]): Durability {
  const statuses = new Set(parts.map(({ status }) => status));
  const status = statuses.has("unsafe") ? "unsafe" : statuses.has("unknown") ? "unknown" : "safe";
  const findings = new Map(parts.flatMap((part) => part.findings).map((finding) => [JSON.stringify(finding), finding]));
  return { status, findings: [...findings.values()] };
}

/** The settings are not known to be safe although `REQUIRE_DURABLE` is set. The process must not start. */
export class NotDurable extends Error {
  override readonly name = "NotDurable";
}

/** @throws {NotDurable} naming each setting, its value and the correction, unless the settings are known to be safe */
export function requireDurable({ status, findings }: Durability): void {
  if (status === "safe") return;
  const details = findings.map(({ detail }) => detail).join("; ");
  throw new NotDurable(`REQUIRE_DURABLE=true, but ${details}`);
}
