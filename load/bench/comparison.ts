import { formatTable } from "../../tools/markdown-table.ts";
import { formatRatio } from "../figures/figures.ts";
import type { Figures } from "./measure-load.ts";
import { RECORDED, type Recorder } from "./recorder.ts";
import { nameOf, type ReportInput, SHAPES } from "./report.ts";
import { cpuPerEvent } from "./targets.ts";

interface ComparisonInput extends ReportInput {
  /** The name of the other commit. */
  against: string;
  other: Recorder;
}

const FIGURES: readonly (readonly [name: string, read: (figures: Figures) => number | undefined])[] = [
  ["events/s committed", (figures) => figures.committedPerSecond],
  ["requests/s", (figures) => figures.requestsPerSecond],
  ["processor time an event", cpuPerEvent],
  ["p50", (figures) => figures.p50],
  ["p99", (figures) => figures.p99],
  ["memory", largestMemory],
];

/** Writes the ratios of this commit's medians to those of the other commit. A ratio above 1 means more. */
export function formatComparison({ against, loads, recorder, other }: ComparisonInput): string {
  const rows = SHAPES.flatMap((shape) => {
    const measured = [
      ...loads.map((load) => ({ name: nameOf(load), what: RECORDED.load(shape, load) })),
      { name: "a lone client", what: RECORDED.lone(shape) },
      { name: "all new", what: RECORDED.allNew(shape) },
      { name: "all duplicates", what: RECORDED.allDuplicates(shape) },
    ];
    return measured.flatMap(({ name, what }) => {
      const [mine, theirs] = [recorder.median(what), other.median(what)];
      if (mine === undefined || theirs === undefined) return [];
      return [[`${shape}, ${name}`, ...FIGURES.map(([, read]) => formatRatio(read(mine) ?? 0, read(theirs)))]];
    });
  });
  const words = "Medians of this commit ÷ medians of the other one; both were measured in turns.";
  return [`## Against ${against}`, words, formatTable(["", ...FIGURES.map(([name]) => name)], rows)].join("\n\n");
}

/**
 * Returns the peak of the largest process of the services, in bytes. PostgreSQL is not a service, so its buffers do not
 * count.
 */
function largestMemory(figures: Figures): number {
  const parts = Object.keys(figures).filter((name) => name.startsWith("memory ") && name !== "memory postgres");
  return Math.max(0, ...parts.map((name) => figures[name] ?? 0));
}
