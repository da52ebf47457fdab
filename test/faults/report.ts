import { formatTable } from "../../tools/markdown-table.ts";
import type { CheckName, CheckResult } from "./checker/check.ts";
import { mebibytes } from "./checker/check-answers.ts";
import type { RunResult } from "./run.ts";
import type { Scenario } from "./schedule/scenario.ts";
import type { Fault } from "./schedule/schedule.ts";

export interface ReportOptions {
  scenario: Pick<Scenario, "name" | "shape" | "load">;
  seed: number;
  sabotage?: string | undefined;
  /** One sentence about the machine and the commit. */
  environment: string;
}

/** Writes the report of a run in Markdown. */
export function writeReport(result: RunResult, { scenario, seed, sabotage, environment }: ReportOptions): string {
  const { observations, results, survived, leftOut } = result;
  const failed = results.filter(({ violations }) => violations > 0);
  const violationsOf = (...names: CheckName[]) =>
    results.filter(({ name }) => names.includes(name)).reduce((sum, { violations }) => sum + violations, 0);
  const miscounted = violationsOf(
    "books balance",
    "copies counted once",
    "dropped copies on record",
    "verdicts are right",
  );
  const what = scenario.name === "drawn" ? scenario.shape : scenario.name;
  return [
    `# Faults: ${what}, seed ${seed}${sabotage === undefined ? "" : `, sabotaged: ${sabotage}`}`,
    "",
    failed.length === 0
      ? "Every promise held."
      : `**${failed.length} ${failed.length === 1 ? "promise" : "promises"} broken: ${failed.map(({ name }) => name).join(", ")}.**`,
    "",
    formatTable(
      ["faults survived", "events tried", "lost", "doubled", "miscounted"],
      [
        [
          survived.flat().length,
          result.tally.countCopies(),
          violationsOf("never lost"),
          violationsOf("stored once"),
          miscounted,
        ].map(String),
      ],
      [],
    ),
    "",
    `${describeTime(result)} ${environment}`,
    "",
    formatTable(["events in attempts", "tried", "ok", "refused", "unknown"], [copiesRow(result)]),
    "",
    `Stored: ${observations.recount.rows}. Duplicates: ${observations.stats.duplicate_dropped}, ${observations.stats.conflicts} of them conflicts.`,
    "",
    "## Faults survived",
    "",
    formatTable(["fault", "times", "on"], faultRows(survived), [0, 2]),
    ...(leftOut.length === 0 ? [] : ["", leftOutSentence(leftOut)]),
    "",
    "## Answers",
    "",
    formatTable(["answer", "requests"], answerRows(result)),
    "",
    "## Memory",
    "",
    formatTable(
      ["process", "most, MiB"],
      [...observations.peakBytes].sort().map(([name, bytes]) => [name, String(mebibytes(bytes))]),
    ),
    "",
    "## Checks",
    "",
    formatTable(["", "check", "claim", "violations", ""], results.map(resultRow), [0, 1, 2, 4]),
    ...failed.flatMap(({ name, examples }) => ["", `**${name}**`, "", ...examples.map((example) => `- ${example}`)]),
    "",
  ].join("\n");
}

function describeTime({ ranMs, drainedMs, tally }: RunResult): string {
  const perSecond = Math.round(tally.countCopies() / (ranMs / 1_000));
  const drained = (drainedMs / 1_000).toFixed(1);
  return `${Math.round(ranMs / 1_000)} s under load, ${perSecond} events sent a second; the queue was empty ${drained} s later.`;
}

function copiesRow({ tally }: RunResult): string[] {
  const events = tally.clockMs.filter((at) => at !== undefined).length;
  const counts = [undefined, "ok", "failed", "unknown"] as const;
  return [`copies of ${events} events`, ...counts.map((outcome) => String(tally.countCopies(outcome)))];
}

function faultRows(steps: RunResult["survived"]): string[][] {
  const targets = new Map<Fault["kind"], string[]>();
  for (const { kind, target } of steps.flat()) targets.set(kind, [...(targets.get(kind) ?? []), target]);
  const pairs = steps.filter((faults) => faults.length > 1).length;
  const rows = [...targets].sort().map(([kind, on]) => [kind, String(on.length), countedNames(on)]);
  return [...rows, ["*two at a time*", String(pairs), ""]];
}

function countedNames(names: string[]): string {
  const distinct = [...new Set(names)].sort();
  return distinct
    .map((name) => [name.replace(">", " → "), names.filter((other) => other === name).length] as const)
    .map(([name, times]) => (times === 1 ? name : `${name} ×${times}`))
    .join(", ");
}

function leftOutSentence(faults: readonly Fault[]): string {
  const names = faults.map(({ kind, target }) => `${kind} ${target}`);
  return `Left out, because this machine does not allow mounting a file system: ${countedNames(names)}.`;
}

function answerRows({ tally }: RunResult): string[][] {
  const times = new Map<string, number>();
  for (const { answer } of tally.attempts) times.set(answer, (times.get(answer) ?? 0) + 1);
  return [...times].sort().map(([answer, count]) => [answer, String(count)]);
}

function resultRow({ name, claim, violations, remark = "" }: CheckResult, index: number): string[] {
  return [String(index + 1), name, claim, violations === 0 ? "0" : `**${violations}**`, remark];
}
