import { readdirSync, readFileSync, writeFileSync } from "node:fs";

// The costs of processes from the counters of Linux (proc_pid_stat(5), proc_pid_status(5)).

const TICKS_PER_SECOND = 100;

/** The fields of /proc/PID/stat behind the name of the program, which may hold spaces. */
function readStat(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** Reads the seconds of processor time that a process has taken, with those of its children that have ended. */
function cpuSecondsOf(pid: number): number {
  const ticks = readStat(pid).slice(11, 15).map(Number);
  return ticks.reduce((sum, value) => sum + value, 0) / TICKS_PER_SECOND;
}

/** Reads the seconds of processor time that a process and its children have taken. */
export function cpuSeconds(pid: number): number {
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isChild(Number(name), pid));
  return [pid, ...children.map(Number)].reduce((sum, each) => sum + orZero(() => cpuSecondsOf(each)), 0);
}

function isChild(pid: number, parent: number): boolean {
  return orZero(() => Number(readStat(pid)[1])) === parent;
}

/** A process may end between two reads. */
function orZero(read: () => number): number {
  try {
    return read();
  } catch {
    return 0;
  }
}

/** Reads the bytes of memory that a process holds (`VmRSS`), or held at most since `resetPeak` (`VmHWM`). */
export function memoryBytes(pid: number, field: "VmRSS" | "VmHWM"): number {
  return orZero(() => {
    const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(match?.[1] ?? 0) * 1_024;
  });
}

export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
