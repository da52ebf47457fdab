/** One promise, and what broke it. */
export interface Judgement {
  /** A stable name, for tests and reports. */
  name: JudgementName;
  claim: string;
  /** How often it was broken; 0: it holds. */
  broken: number;
  /** The first few ways. */
  examples: string[];
  /** For the report, also where it holds. */
  remark?: string;
}

export type JudgementName =
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
  | "audit agrees"
  | "redelivered enough"
  | "verdicts are right"
  | "receipts judged"
  | "received never falls"
  | "backlog gone"
  | "answers are of the contract"
  | "memory bounded"
  | "processes keep going";

const MAX_EXAMPLES = 5;

/** Gathers what breaks one promise. */
export class Finding implements Judgement {
  readonly name: JudgementName;
  readonly claim: string;
  readonly examples: string[] = [];
  remark?: string;
  broken = 0;

  constructor(name: JudgementName, claim: string) {
    this.name = name;
    this.claim = claim;
  }

  breaks(example: string, times = 1): void {
    this.broken += times;
    if (this.examples.length < MAX_EXAMPLES) this.examples.push(example);
  }

  /** Breaks unless both are the same; by as much as they differ. */
  equal(what: string, actual: number, expected: number): void {
    if (actual === expected) return;
    this.breaks(`${what}: ${actual}, not ${expected}`, Math.abs(actual - expected) || 1);
  }
}
