import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Bounds } from "./configurations.ts";

const run = promisify(execFile);
const FOLDER = join(import.meta.dirname, "../../docs/model");
const MODEL = "tidemark.pml";
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export interface SpinRun {
  bounds: Bounds;
  /** The macro of the model that puts a mistake into it. */
  define?: string;
  /** `claims`: all states; `shortest`: breadth first, up to the shortest counterexample; `cycles`: a cycle is an error. */
  search: "claims" | "shortest" | "cycles";
}

export interface SpinResult {
  states: number;
  transitions: number;
  depth: number;
  megabytes: number;
  seconds: number;
  /** The claim that broke, and the number of steps that lead there. */
  broken?: { claim: string; steps: number };
}

const COMPILE = {
  claims: ["-DSAFETY"],
  shortest: ["-DSAFETY", "-DBFS"],
  cycles: ["-DNP"],
};
/** A search that goes deeper fails, so that its figures are not mistaken for those of a complete search. */
const MAX_MEGABYTES = 3_500;
const MAX_DEPTH = 10_000;

/**
 * Checks the model with these bounds in all states. The states are stored whole: no bitstate hashing, no hash compaction.
 *
 * @throws {Error} when SPIN did not search everything
 */
export async function runSpin({ bounds, define, search }: SpinRun): Promise<SpinResult> {
  const cwd = await mkdtemp(join(tmpdir(), "tidemark-model-"));
  try {
    await cp(FOLDER, cwd, { recursive: true }); // SPIN writes its files beside the model
    const macros = Object.entries(bounds).map(([name, value]) => `-D${name}=${value}`);
    if (define !== undefined) macros.push(`-D${define}`);
    if (search === "shortest") macros.push("-DSCRATCH=");
    await run("spin", [...macros, "-a", MODEL], { cwd });
    await run("gcc", ["-O1", "-w", `-DMEMLIM=${MAX_MEGABYTES}`, ...COMPILE[search], "-o", "pan", "pan.c"], { cwd });
    const options = [`-m${MAX_DEPTH}`, "-w23", ...(search === "cycles" ? ["-l"] : [])];
    const { stdout } = await run("./pan", options, { cwd, maxBuffer: MAX_OUTPUT_BYTES });
    const result = readResult(stdout);
    const errors = Number(/errors: (\d+)/.exec(stdout)?.[1]);
    if (errors > 0) return { ...result, broken: await readBroken(stdout, cwd, macros) };
    const isWhole = !/max search depth too small|out of memory|interrupted|Search not completed/i.test(stdout);
    if (errors !== 0 || !isWhole) throw new Error(`SPIN did not search everything:\n${stdout}`);
    return result;
  } finally {
    await rm(cwd, { recursive: true });
  }
}

function readResult(output: string): SpinResult {
  const figure = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  return {
    states: figure(/([\d.e+]+) states, stored/),
    transitions: figure(/([\d.e+]+) transitions/),
    depth: figure(/depth reached (\d+)/),
    megabytes: figure(/([\d.]+)\ttotal actual memory usage/),
    seconds: figure(/elapsed time ([\d.e+-]+) seconds/),
  };
}

/** Replays the counterexample: the last line of the model that it reaches names the claim. */
async function readBroken(output: string, cwd: string, macros: string[]): Promise<{ claim: string; steps: number }> {
  const steps = Number(/at depth (\d+)/.exec(output)?.[1] ?? Number.NaN);
  if (/non-progress cycle/.test(output)) return { claim: "no cycle", steps };
  const replay = await run("spin", [...macros, "-t", MODEL], { cwd, maxBuffer: MAX_OUTPUT_BYTES });
  const [, file, line] = /spin: (\S+\.pml):(\d+), Error: assertion violated/.exec(replay.stdout) ?? [];
  if (file === undefined) throw new Error(`no claim broke in the replay:\n${output}\n${replay.stdout}`);
  const text = (await readFile(join(cwd, file), "utf8")).split("\n")[Number(line) - 1];
  return { claim: /claim: (.*?) \*\//.exec(text ?? "")?.[1] ?? `${file}:${line}`, steps };
}
