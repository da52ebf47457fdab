import { formatTable } from "../../tools/markdown-table.ts";
import { formatMegabytes, formatNumber, formatRatio } from "../figures/figures.ts";
import type { Machine } from "./machine.ts";
import type { Figures } from "./measure-load.ts";
import type { Load } from "./options.ts";
import type { Shape } from "./product.ts";
import { fastest, RECORDED, type Recorder } from "./recorder.ts";
import { cpuPerEvent, listTargets } from "./targets.ts";

export interface ReportInput {
  date: Date;
  /** The command line. */
  command: string;
  machine: Machine;
  loads: Load[];
  rounds: number;
  recorder: Recorder;
  /** The section about the other commit, if one is compared. */
  comparison?: string | undefined;
}

export const SHAPES: readonly Shape[] = ["single", "stack"];

/** Writes the whole run in Markdown. */
export function formatReport(input: ReportInput): string {
  const { date, command, machine, rounds } = input;
  const words = `${date.toISOString().slice(0, 16).replace("T", " ")} UTC, \`${command}\`, ${rounds === 1 ? "one round" : `medians of ${rounds} rounds`}.`;
  const sections = [
    ["# Results", words, formatTable(["machine", ""], machine, [0, 1])],
    ["## Ceilings", formatCeilings(input)],
    ["## Throughput and latency", formatLoads(input)],
    ["## Processor time an event, and memory", formatProcesses(input)],
    ["## Targets", formatTargets(input.recorder)],
    input.comparison === undefined ? [] : [input.comparison],
    ["Where the rest of the time goes: [where-time-goes.md](where-time-goes.md)."],
  ];
  return `${sections.flat().join("\n\n")}\n`;
}

function formatCeilings({ recorder, loads }: ReportInput): string {
  const rows: string[][] = [];
  const fsync = recorder.median(RECORDED.fsync);
  if (fsync) rows.push(["fdatasync of 4 KiB", formatNumber(fsync.perSecond ?? 0)]);
  for (const what of [RECORDED.postgres, RECORDED.sqlite]) {
    for (const [way, perSecond] of Object.entries(recorder.median(what) ?? {})) {
      rows.push([`${what}, rows offered: ${way}`, formatNumber(perSecond)]);
    }
  }
  for (const load of loads) {
    const echo = recorder.median(RECORDED.load("echo", load));
    if (echo) {
      const requests = `${formatNumber(echo.requestsPerSecond ?? 0)} requests, ${formatNumber(echo.answeredPerSecond ?? 0)} events`;
      rows.push([`bare Fastify, ${nameOf(load)}`, requests]);
    }
  }
  return formatTable(["", "a second"], rows);
}

function formatLoads({ recorder, loads }: ReportInput): string {
  const head = ["", "requests/s", "events/s answered", "committed", "÷ raw store", "÷ Fastify"];
  head.push("p50 ms", "p99 ms", "p99.9 ms", "refused", "202", "loader CPU");
  const rows = measuredLoads(recorder, loads).map(({ shape, load, figures }) => {
    const raw = fastest(recorder.median(shape === "stack" ? RECORDED.postgres : RECORDED.sqlite));
    const echo = recorder.median(RECORDED.load("echo", load))?.requestsPerSecond;
    const { requestsPerSecond = 0, answeredPerSecond = 0, committedPerSecond = 0, loaderCpuShare = 0 } = figures;
    return [
      `${shape}, ${nameOf(load)}`,
      formatNumber(requestsPerSecond),
      formatNumber(answeredPerSecond),
      formatNumber(committedPerSecond),
      formatRatio(committedPerSecond, raw),
      formatRatio(requestsPerSecond, echo),
      ...["p50", "p99", "p999", "refused", "pending"].map((name) => formatNumber(figures[name] ?? 0)),
      `${Math.round(loaderCpuShare * 100)} %`,
    ];
  });
  const lone = SHAPES.flatMap((shape) => {
    const figures = recorder.median(RECORDED.lone(shape));
    if (figures === undefined) return [];
    const { p50 = 0, p99 = 0, p999 = 0 } = figures;
    return `A lone client, one event after the other, ${shape}: p50 ${formatNumber(p50)}, p99 ${formatNumber(p99)}, p99.9 ${formatNumber(p999)} ms.`;
  });
  return [formatTable(head, rows), ...lone].join("\n\n");
}

function formatProcesses({ recorder, loads }: ReportInput): string {
  const measured = measuredLoads(recorder, loads);
  const namesOf = (kind: string) => [
    ...new Set(measured.flatMap(({ figures }) => Object.keys(figures).filter((name) => name.startsWith(kind)))),
  ];
  const cpu = namesOf("cpu ");
  const memory = namesOf("memory ");
  const head = [
    "",
    "µs an event, all",
    ...cpu.map((name) => name.slice(4)),
    ...memory.map((name) => `${name.slice(7)} MB`),
  ];
  const rows = measured.map(({ shape, load, figures }) => [
    `${shape}, ${nameOf(load)}`,
    formatNumber(cpuPerEvent(figures)),
    ...cpu.map((name) => formatOptional(figures[name], formatNumber)),
    ...memory.map((name) => formatOptional(figures[name], formatMegabytes)),
  ]);
  return [
    formatTable(head, rows),
    "Memory is the peak of the largest process of that name, shared pages included (PostgreSQL's buffers are).",
  ].join("\n\n");
}

function formatTargets(recorder: Recorder): string {
  const rows = listTargets(recorder).map(({ name, atLeast, aim, measured }) => [
    name,
    atLeast,
    aim,
    formatOptional(measured, formatNumber),
  ]);
  return formatTable(["", "at least", "aim", "measured"], rows);
}

function measuredLoads(recorder: Recorder, loads: Load[]): { shape: Shape; load: Load; figures: Figures }[] {
  return SHAPES.flatMap((shape) =>
    loads.flatMap((load) => {
      const figures = recorder.median(RECORDED.load(shape, load));
      return figures === undefined ? [] : [{ shape, load, figures }];
    }),
  );
}

export const nameOf = ({ eventsPerRequest, connections }: Load) => `${eventsPerRequest} × ${connections}`;

export function formatOptional(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? "–" : format(value);
}
