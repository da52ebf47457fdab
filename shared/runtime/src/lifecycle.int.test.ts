import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";

const SCRIPT = new URL("./fixture/stopping-process.ts", import.meta.url).pathname;

/** Starts a process that fails as the argument says. Resolves once it has printed its first step. */
async function startProcess(fault = "") {
  const child = spawn(process.execPath, [SCRIPT, fault], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout });
  const steps: string[] = [];
  lines.on("line", (step) => steps.push(step));
  const ended = once(lines, "close");
  const exitCode = exitCodeOf(child);
  await once(lines, "line");
  return {
    child,
    exitCode,
    /** Resolves once the process has printed the step. */
    async untilStep(step: string) {
      while (!steps.includes(step)) await once(lines, "line");
    },
    async steps() {
      await ended;
      return steps;
    },
  };
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, "exit");
  return code;
}

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "%s runs the closers, the last registered first, and ends with 0",
  async (signal) => {
    const { child, steps, exitCode } = await startProcess();
    child.kill(signal);
    expect([await exitCode, await steps()]).toEqual([0, ["started", "closed second", "closed first"]]);
  },
);

test("a second signal right after the first one, as npm sends it, does not end the process early", async () => {
  const { child, steps, exitCode, untilStep } = await startProcess("slow");
  child.kill("SIGINT");
  await untilStep("closing");
  child.kill("SIGINT");
  const all = ["started", "closing", "closing for more than a second", "closed second", "closed first"];
  expect([await exitCode, await steps()]).toEqual([0, all]);
});

test("a second signal more than a second after the first one ends the process with 1 at once", async () => {
  const { child, steps, exitCode, untilStep } = await startProcess("slow");
  child.kill("SIGTERM");
  await untilStep("closing for more than a second");
  child.kill("SIGTERM");
  expect([await exitCode, await steps()]).toEqual([1, ["started", "closing", "closing for more than a second"]]);
});

test("a closer that fails does not keep the others from running, and the process ends with 1", async () => {
  const { child, steps, exitCode } = await startProcess("closer");
  child.kill("SIGTERM");
  expect([await exitCode, await steps()]).toEqual([1, ["started", "closed first"]]);
});

test("a process that does not stop within its deadline ends with 1", async () => {
  const { child, steps, exitCode } = await startProcess("hang");
  child.kill("SIGTERM");
  expect([await exitCode, await steps()]).toEqual([1, ["started"]]);
});

test("a crash closes what is open and ends with 1", async () => {
  const { steps, exitCode } = await startProcess("crash");
  expect([await exitCode, await steps()]).toEqual([1, ["started", "closed second", "closed first"]]);
});

test("a failed start closes what is open and ends with 1", async () => {
  const { steps, exitCode } = await startProcess("start");
  expect([await exitCode, await steps()]).toEqual([1, ["closed second", "closed first"]]);
});
