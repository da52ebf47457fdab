import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";

const SCRIPT = new URL("./fixture/stopping-process.ts", import.meta.url).pathname;

/** Starts a process that fails as the argument says. Resolves once it has printed its first step. */
async function startProcess(fault = "") {
  const child = spawn(process.execPath, [SCRIPT, fault], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [firstStep] = await once(child.stdout.setEncoding("utf8"), "data");
  const laterSteps = text(child.stdout);
  return {
    child,
    steps: async () => `${firstStep}${await laterSteps}`.trim().split("\n"),
    exitCode: exitCodeOf(child),
  };
}

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, "exit");
  return code;
}

test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
  "%s closes the last opened thing first and ends with 0",
  async (signal) => {
    const { child, steps, exitCode } = await startProcess();
    child.kill(signal);
    expect([await exitCode, await steps()]).toEqual([0, ["started", "closed second", "closed first"]]);
  },
);

test("a second signal right after the first one, as npm sends it, does not end the process early", async () => {
  const { child, steps, exitCode } = await startProcess("slow");
  child.kill("SIGINT");
  await delay(100);
  child.kill("SIGINT");
  expect([await exitCode, await steps()]).toEqual([0, ["started", "closed second", "closed first"]]);
});

test("a second signal more than a second after the first one ends the process with 1 at once", async () => {
  const { child, steps, exitCode } = await startProcess("slow");
  child.kill("SIGTERM");
  await delay(1_200);
  child.kill("SIGTERM");
  expect([await exitCode, await steps()]).toEqual([1, ["started"]]);
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
