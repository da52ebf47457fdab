import type { ServiceName } from "../deployment/stack-deployment.ts";
import type { Fault, Step } from "../schedule/schedule.ts";

/** The names of services that break a promise, which the checker must find. Each is a composition root in this folder. */
export const SABOTAGES = [
  "ack-before-commit",
  "no-ledger",
  "counters-outside",
  "verdicts-shifted",
  "drops-stored",
  "trims-frames",
  "conflicts-unseen",
  "confirms-before-append",
  "retries-slow-data",
] as const;

export type Sabotage = (typeof SABOTAGES)[number];

export function isSabotage(text: string): text is Sabotage {
  return (SABOTAGES as readonly string[]).includes(text);
}

/** Returns the composition root that replaces a service's own. */
export function sabotagedMains(sabotage: Sabotage | undefined): Partial<Record<ServiceName, URL>> {
  if (sabotage === undefined) return {};
  const service = sabotage === "confirms-before-append" ? "gateway" : "consumer";
  return { [service]: new URL(`./${sabotage}.ts`, import.meta.url) };
}

/** Returns faults that expose the sabotage: most promises hold as long as no process dies. */
export function exposingSteps(sabotage: Sabotage | undefined): Step[] {
  const both = (kind: Fault["kind"], holdMs: number): Fault[] =>
    ["consumer-1", "consumer-2"].map((target) => ({ kind, target, holdMs }));
  switch (sabotage) {
    case "ack-before-commit": {
      // Without the database the consumers hold frames that they have already acknowledged.
      const cut = both("cut", 4_000).map((fault) => ({ ...fault, target: `${fault.target}>postgres` }));
      const kill = both("kill", 500).map((fault) => ({ ...fault, afterMs: 1_500 }));
      return [{ gapMs: 2_000, faults: [...cut, ...kill] }];
    }
    case "no-ledger":
      return [{ gapMs: 2_000, faults: both("redelivery", 1_500) }];
    case "counters-outside":
      return Array.from({ length: 3 }, () => ({ gapMs: 2_000, faults: both("kill", 200) }));
    case "confirms-before-append":
      return [{ gapMs: 2_000, faults: [{ kind: "kill", target: "nats", holdMs: 1_000 }] }];
    case "retries-slow-data":
      return [{ gapMs: 1_000, faults: [{ kind: "slow event", target: "client", holdMs: 0 }] }];
    default:
      return [];
  }
}

/** Returns the timeouts of a run with the sabotage: some receipts stay pending, and a queue may never become empty. */
export function timeoutsWith(sabotage: Sabotage | undefined): { receiptsTimeoutMs?: number; drainTimeoutMs?: number } {
  if (sabotage === undefined) return {};
  // The real consumer finds a slow event within some 3 s.
  return { receiptsTimeoutMs: 2_000, ...(sabotage === "retries-slow-data" ? { drainTimeoutMs: 10_000 } : {}) };
}
