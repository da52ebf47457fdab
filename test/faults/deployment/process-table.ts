import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

interface RunningProcess {
  pid: number;
  parentPid: number;
  /** Resident memory in bytes. */
  residentBytes: number;
  command: string;
}

/** Lists all processes of this machine by `ps`. */
async function listProcesses(): Promise<RunningProcess[]> {
  const { stdout } = await run("ps", ["-A", "-ww", "-o", "pid=,ppid=,rss=,args="], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split("\n").flatMap((line) => {
    const [, pid, parentPid, kibibytes, command] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    if (command === undefined) return [];
    return [{ pid: Number(pid), parentPid: Number(parentPid), residentBytes: Number(kibibytes) * 1024, command }];
  });
}

/** Returns the process whose command line contains all of `words`, and its descendants. */
export async function findFamily(...words: string[]): Promise<number[]> {
  const processes = await listProcesses();
  const named = processes.filter(({ command }) => words.every((word) => command.includes(word)));
  const eldest = named.find(({ parentPid }) => !named.some(({ pid }) => pid === parentPid));
  if (eldest === undefined) return [];
  const pids = [eldest.pid];
  for (const pid of pids)
    pids.push(...processes.filter(({ parentPid }) => parentPid === pid).map((child) => child.pid));
  return pids;
}

/** Counts the processes that still hold memory; a zombie holds none. */
export async function countRunning(pids: readonly number[]): Promise<number> {
  return (await listProcesses()).filter(({ pid, residentBytes }) => pids.includes(pid) && residentBytes > 0).length;
}

/** Returns the memory of the processes that still run, by pid. */
export async function readResidentBytes(pids: readonly number[]): Promise<Map<number, number>> {
  const processes = await listProcesses();
  return new Map(
    processes.filter(({ pid }) => pids.includes(pid)).map(({ pid, residentBytes }) => [pid, residentBytes]),
  );
}

/** Sends a signal to each process that still runs. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
