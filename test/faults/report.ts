import { arch, availableParallelism, platform, totalmem } from "node:os";
import type { Judgement, JudgementName } from "./judgement.ts";
import type { FaultKind, Shape, Step } from "./plan.ts";
import type { RunResult } from "./run.ts";

export interface ReportOptions {
  shape: Shape;
  seed: number;
  steps: readonly Step[];
  sabotage?: string | undefined;
}

/** A run in words, Markdown. */
export function writeReport(result: RunResult, { shape, seed, steps, sabotage }: ReportOptions): string {
  const { tally, evidence, judgements, ranMs, programs } = result;
  const failed = judgements.filter(({ broken }) => broken > 0);
  const brokenBy = (name: JudgementName) => judgements.find((judgement) => judgement.name === name)?.broken ?? 0;
  const miscounted = brokenBy("books balance") + brokenBy("copies counted once") + brokenBy("verdicts are right");
  return [
    `# Faults: ${shape}, seed ${seed}${sabotage === undefined ? "" : `, sabotaged: ${sabotage}`}`,
    "",
    failed.length === 0
      ? "Every promise held."
      : `**${failed.length} promises broken: ${failed.map(({ name }) => name).join(", ")}.**`,
    "",
    `| lost | doubled | miscounted |`,
    `|---|---|---|`,
    `| ${brokenBy("never lost")} | ${brokenBy("stored once")} | ${miscounted} |`,
    "",
    `${Math.round(ranMs / 1_000)} s under load, on ${describeMachine(programs)}.`,
    "",
    "| events in attempts | tried | ok | refused | unknown |",
    "|---|---|---|---|---|",
    `| copies of ${tally.clockMs.filter((at) => at !== undefined).length} events | ${tally.countCopies()} | ${tally.countCopies("ok")} | ${tally.countCopies("failed")} | ${tally.countCopies("unknown")} |`,
    "",
    `Stored: ${evidence.recount.rows}. Duplicates: ${evidence.stats.duplicate_dropped}.`,
    "",
    "## Faults survived",
    "",
    "| fault | times | on |",
    "|---|---|---|",
    ...faultRows(steps),
    "",
    "## Answers",
    "",
    "| answer | requests |",
    "|---|---|",
    ...answerRows(result),
    "",
    "## Judgements",
    "",
    "| | judgement | claim | broken | |",
    "|---|---|---|---|---|",
    ...judgements.map(judgementRow),
    ...failed.flatMap(({ name, examples }) => ["", `**${name}**`, "", ...examples.map((example) => `- ${example}`)]),
    "",
  ].join("\n");
}

function describeMachine(programs: readonly string[]): string {
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB`;
  const parts = [`${availableParallelism()} cores`, memory, `${platform()} ${arch()}`, `Node ${process.versions.node}`];
  return [...parts, ...programs].join(", ");
}

function faultRows(steps: readonly Step[]): string[] {
  const targets = new Map<FaultKind, string[]>();
  for (const { kind, target } of steps.flatMap(({ faults }) => faults)) {
    targets.set(kind, [...(targets.get(kind) ?? []), target]);
  }
  const pairs = steps.filter(({ faults }) => faults.length > 1).length;
  const rows = [...targets].sort().map(([kind, on]) => `| ${kind} | ${on.length} | ${countedNames(on)} |`);
  return [...rows, `| *two at a time* | ${pairs} | |`];
}

function countedNames(names: string[]): string {
  const distinct = [...new Set(names)].sort();
  return distinct
    .map((name) => [name.replace(">", " → "), names.filter((other) => other === name).length] as const)
    .map(([name, times]) => (times === 1 ? name : `${name} ×${times}`))
    .join(", ");
}

function answerRows({ tally }: RunResult): string[] {
  const times = new Map<string, number>();
  for (const { answer } of tally.attempts) times.set(answer, (times.get(answer) ?? 0) + 1);
  return [...times].sort().map(([answer, count]) => `| ${answer} | ${count} |`);
}

function judgementRow({ name, claim, broken, remark = "" }: Judgement, index: number): string {
  return `| ${index + 1} | ${name} | ${claim} | ${broken === 0 ? "0" : `**${broken}**`} | ${remark} |`;
}
