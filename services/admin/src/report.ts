import type { Audit, AuditCounts, AuditDifference } from "@tidemark/event-store/audit";
import type { LastRestore } from "@tidemark/event-store/books";
import type { ArchiveEnd } from "./archive/format.ts";

const COLUMNS: [title: string, count: (counts: AuditCounts) => number][] = [
  ["stored", ({ stored }) => stored],
  ["duplicates", ({ duplicates }) => duplicates],
  ["conflicts", ({ conflicts }) => conflicts],
  ["dead-lettered", ({ deadLettered }) => deadLettered],
];

/** Writes the books and the recount side by side. */
export function writeReport(audit: Audit, database: string): string {
  const { auditedAt, durationMs, booked, counted, bySource, topicsTotal } = audit;
  const rows = [
    ["", ...COLUMNS.map(([title]) => title)],
    ["books", ...countsOf(booked)],
    ["books by source", "", formatCount(bySource.duplicates), formatCount(bySource.conflicts), ""],
    ["rows", ...countsOf(counted)],
  ];
  return [
    `${database}, as it was at ${auditedAt}; counted in ${(durationMs / 1_000).toFixed(1)} s`,
    "",
    writeTable(rows),
    "",
    audit.isBalanced ? `The books balance. Topics: ${formatCount(topicsTotal)}.` : writeDefect(audit),
  ].join("\n");
}

function writeDefect({ differences, differencesTotal, topicsTotal }: Audit): string {
  if (differencesTotal === 0) return "THE BOOKS DO NOT BALANCE: those by source are not those by topic.";
  const rows = [
    ["topic", "", ...COLUMNS.map(([title]) => title)],
    ...differences.flatMap(({ topic, booked, counted }: AuditDifference) => [
      [JSON.stringify(topic), "books", ...countsOf(booked)],
      ["", "rows", ...countsOf(counted)],
    ]),
  ];
  const more = differencesTotal - differences.length;
  return [
    `THE BOOKS DO NOT BALANCE: ${formatCount(differencesTotal)} of ${formatCount(topicsTotal)} topics differ.`,
    "",
    writeTable(rows),
    ...(more > 0 ? [`  and ${formatCount(more)} more`] : []),
  ].join("\n");
}

function countsOf(counts: AuditCounts): string[] {
  return COLUMNS.map(([, count]) => formatCount(count(counts)));
}

/** Aligns text to the left and numbers to the right. */
function writeTable(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column < row.length - COLUMNS.length ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  "),
    )
    .map((line) => `  ${line.trimEnd()}`)
    .join("\n");
}

function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}

/** Describes an archive that is complete. */
export function writeArchiveReport({ path, bytes, end }: { path: string; bytes: number; end: ArchiveEnd }): string {
  const { booked, counted, isBalanced } = end.audit;
  return [
    `The store, as it was at ${end.taken_at}`,
    "",
    writeTable([
      ["", ...COLUMNS.map(([title]) => title)],
      ["books", ...countsOf(booked)],
      ["rows", ...countsOf(counted)],
    ]),
    "",
    isBalanced ? "The books balance." : "THE BOOKS DO NOT BALANCE: npm run verify names the topics.",
    ...(end.rows.log_frames === undefined ? [] : [`Frames of the log: ${formatCount(end.rows.log_frames)}.`]),
    `${path} is complete: ${formatBytes(bytes)}.`,
  ].join("\n");
}

/** Describes the losses of a restore in numbers. */
export function writeLost({ backedUpAt, lostFrames, lostEvents }: LastRestore): string {
  const events = lostEvents === null ? "an unknown number of events" : `${formatCount(lostEvents)} events`;
  const frames = lostFrames === null ? "an unknown number of frames" : `${formatCount(lostFrames)} frames`;
  if (lostEvents === 0 && lostFrames === 0)
    return `Nothing was lost: the log had handed over nothing since ${backedUpAt}.`;
  return `Lost: ${events} in ${frames}, which the log had handed over after ${backedUpAt}. GET /stats shows it as last_restore.`;
}

/** Writes a size with two or three digits: `4.2 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const amount = bytes / 1_000 ** power;
  return `${amount < 10 && power > 0 ? amount.toFixed(1) : Math.round(amount)} ${units[power]}`;
}
