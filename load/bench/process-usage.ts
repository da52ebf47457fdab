import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** The components of a measured deployment by command line. Guards and shells are not counted. */
const PARTS: readonly (readonly [part: string, pattern: RegExp])[] = [
  ["$1", /services\/(\w+)\/src\/main\.ts/],
  ["postgres", /(^|\/)postgres\b/],
  ["nats-server", /(^|\/)nats-server /],
  ["echo", /echo\.process\.ts/],
];
// USER_HZ: the unit of /proc/<pid>/stat, 100 on every Linux that Node runs on.
const MICROS_A_TICK = 10_000;
const RESET_PEAK = "5";

export type ByPart = Record<string, number>;

interface Process {
  pid: number;
  parentPid: number;
  cpuMicros: number;
}

/** Reads the processor time of all descendants of this process by component, including children that have ended. */
export function readCpuMicros(): ByPart {
  const used: ByPart = {};
  for (const [part, processes] of findParts()) {
    used[part] = processes.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0);
  }
  return used;
}

/** Reads the highest resident memory of any process of each component since `resetPeaks`, in bytes, shared pages included. */
export function readPeakBytes(): ByPart {
  const peaks: ByPart = {};
  for (const [part, processes] of findParts()) {
    peaks[part] = Math.max(...processes.map(({ pid }) => readKilobytes(pid, "VmHWM") * 1_024));
  }
  return peaks;
}

/** Reads the resident memory of the largest process of each component, in bytes. */
export function readResidentBytes(): ByPart {
  const resident: ByPart = {};
  for (const [part, processes] of findParts()) {
    resident[part] = Math.max(...processes.map(({ pid }) => readKilobytes(pid, "VmRSS") * 1_024));
  }
  return resident;
}

export function resetPeaks(): void {
  for (const processes of findParts().values()) {
    for (const { pid } of processes) ignoreEnded(() => writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK));
  }
}

/** Returns the difference of two readings. */
export function usedBetween(before: ByPart, after: ByPart): ByPart {
  return Object.fromEntries(Object.entries(after).map(([part, micros]) => [part, micros - (before[part] ?? 0)]));
}

function findParts(): Map<string, Process[]> {
  const all = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? (readProcess(Number(name)) ?? []) : []));
  const family = new Set([process.pid]);
  // A child can precede its parent in the list, because process ids wrap around.
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const { pid, parentPid } of all) if (family.has(parentPid)) family.add(pid);
  }
  const parts = new Map<string, Process[]>();
  for (const process of all.filter(({ pid }) => family.has(pid))) {
    const part = partOf(process.pid);
    if (part !== undefined) parts.set(part, [...(parts.get(part) ?? []), process]);
  }
  return parts;
}

function readProcess(pid: number): Process | undefined {
  const stat = ignoreEnded(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  if (stat === undefined) return undefined;
  // The name in brackets may contain anything. The fields after it are: state, ppid, ..., utime, stime, cutime, cstime.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { pid, parentPid: Number(fields[1]), cpuMicros: ticks * MICROS_A_TICK };
}

function partOf(pid: number): string | undefined {
  const command = ignoreEnded(() => readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim()) ?? "";
  for (const [part, pattern] of PARTS) {
    const found = pattern.exec(command);
    if (found !== null) return part === "$1" ? found[1] : part;
  }
  return undefined;
}

function readKilobytes(pid: number, field: string): number {
  const status = ignoreEnded(() => readFileSync(`/proc/${pid}/status`, "latin1")) ?? "";
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0);
}

/** Returns undefined if a process has ended since it was listed. */
function ignoreEnded<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
