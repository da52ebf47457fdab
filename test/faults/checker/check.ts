/** The result of the check of one promise. */
export interface CheckResult {
  /** A stable name, for tests and reports. */
  name: CheckName;
  claim: string;
  /** The number of violations; 0 if the promise holds. */
  violations: number;
  /** The first few violations. */
  examples: string[];
  /** A remark for the report, which also appears if the promise holds. */
  remark?: string;
}

export type CheckName =
  | "stored once"
  | "never lost"
  | "nothing invented"
  | "content kept"
  | "refused is refused"
  | "whole requests"
  | "books balance"
  | "copies counted once"
  | "dropped copies on record"
  | "no drift"
  | "confirmed events kept"
  | "audit agrees"
  | "redelivered enough"
  | "verdicts are right"
  | "receipts judged"
  | "received never falls"
  | "backlog gone"
  | "answers keep to the contract"
  | "memory bounded"
  | "processes keep going";

const MAX_EXAMPLES = 5;

/** Collects violations of one promise. */
export class Check implements CheckResult {
  readonly name: CheckName;
  readonly claim: string;
  readonly examples: string[] = [];
  remark?: string;
  violations = 0;

  constructor(name: CheckName, claim: string) {
    this.name = name;
    this.claim = claim;
  }

  violated(example: string, times = 1): void {
    this.violations += times;
    if (this.examples.length < MAX_EXAMPLES) this.examples.push(example);
  }

  /** Records a difference as that many violations. */
  equal(subject: string, actual: number, expected: number): void {
    if (actual === expected) return;
    this.violated(`${subject}: ${actual}, not ${expected}`, Math.abs(actual - expected) || 1);
  }
}
