import { formatTable } from "../../tools/markdown-table.ts";
import { mebibytes } from "./check-answers.ts";
import type { Judgement, JudgementName } from "./judgement.ts";
import type { Fault } from "./plan.ts";
import type { RunResult } from "./run.ts";
import type { Scenario } from "./scenario.ts";

export interface ReportOptions {
  scenario: Pick<Scenario, "name" | "shape" | "load">;
  seed: number;
  sabotage?: string | undefined;
  /** What it ran on, and which commit. */
  setting: string;
}

/** A run in words, Markdown. */
export function writeReport(result: RunResult, { scenario, seed, sabotage, setting }: ReportOptions): string {
  const { evidence, judgements, survived, leftOut } = result;
  const failed = judgements.filter(({ broken }) => broken > 0);
  const brokenBy = (...names: JudgementName[]) =>
    judgements.filter(({ name }) => names.includes(name)).reduce((sum, { broken }) => sum + broken, 0);
  const miscounted = brokenBy("books balance", "copies counted once", "dropped copies on record", "verdicts are right");
  const what = scenario.name === "drawn" ? scenario.shape : scenario.name;
  return [
    `# Faults: ${what}, seed ${seed}${sabotage === undefined ? "" : `, sabotaged: ${sabotage}`}`,
    "",
    failed.length === 0
      ? "Every promise held."
      : `**${failed.length} promises broken: ${failed.map(({ name }) => name).join(", ")}.**`,
    "",
    formatTable(
      ["faults survived", "events tried", "lost", "doubled", "miscounted"],
      [
        [
          survived.flat().length,
          result.tally.countCopies(),
          brokenBy("never lost"),
          brokenBy("stored once"),
          miscounted,
        ].map(String),
      ],
      [],
    ),
    "",
    `${describeTime(result)} ${setting}`,
    "",
    formatTable(["events in attempts", "tried", "ok", "refused", "unknown"], [copiesRow(result)]),
    "",
    `Stored: ${evidence.recount.rows}. Duplicates: ${evidence.stats.duplicate_dropped}, ${evidence.stats.conflicts} of them conflicts.`,
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
      [...evidence.peakBytes].sort().map(([name, bytes]) => [name, String(mebibytes(bytes))]),
    ),
    "",
    "## Judgements",
    "",
    formatTable(["", "judgement", "claim", "broken", ""], judgements.map(judgementRow), [0, 1, 2, 4]),
    ...failed.flatMap(({ name, examples }) => ["", `**${name}**`, "", ...examples.map((example) => `- ${example}`)]),
    "",
  ].join("\n");
}

function describeTime({ ranMs, drainedMs, tally }: RunResult): string {
  const perSecond = Math.round(tally.countCopies() / (ranMs / 1_000));
  const drained = (drainedMs / 1_000).toFixed(1);
  return `${Math.round(ranMs / 1_000)} s under load, ${perSecond} events tried a second; all caught up ${drained} s later.`;
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
  return `Left out, for this machine let no file system be mounted: ${countedNames(names)}.`;
}

function answerRows({ tally }: RunResult): string[][] {
  const times = new Map<string, number>();
  for (const { answer } of tally.attempts) times.set(answer, (times.get(answer) ?? 0) + 1);
  return [...times].sort().map(([answer, count]) => [answer, String(count)]);
}

function judgementRow({ name, claim, broken, remark = "" }: Judgement, index: number): string[] {
  return [String(index + 1), name, claim, broken === 0 ? "0" : `**${broken}**`, remark];
}
