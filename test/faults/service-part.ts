import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findSteadyPort } from "./steady-port.ts";
import type { Part } from "./world.ts";

export interface ServicePartOptions {
  name: string;
  /** The composition root, a path of this folder. */
  main: string;
  environment: Record<string, string>;
  /** Where its log is written. */
  dir: string;
  /** Told of what ended unasked or not as it should. */
  onEnding(line: string): void;
}

export interface ServicePart extends Part {
  readonly port: number;
  /** How many times it was started. */
  readonly starts: number;
  isReady(): Promise<boolean>;
}

const RESTART_MS = 500;
/** Above the services' own deadline, 25 s. */
const STOP_DEADLINE_MS = 30_000;

/** A service as a process, on the same port in every life; started again when it ends unasked. */
export async function openServicePart(options: ServicePartOptions): Promise<ServicePart> {
  const { name, dir, onEnding } = options;
  const port = await findSteadyPort();
  const log = createWriteStream(join(dir, `${name}.log`), { flags: "a" });
  const main = fileURLToPath(new URL(options.main, import.meta.url));
  const stopWithParent = new URL("../../tools/stack/stop-with-parent.ts", import.meta.url).href;
  const env = { ...process.env, ...options.environment, HOST: "127.0.0.1", PORT: String(port) };
  let child: ChildProcess | undefined;
  let exited: Promise<unknown[]> = Promise.resolve([]);
  let isWanted = false;
  let starts = 0;
  let hasSpoken = false;

  const start = async () => {
    if (child !== undefined) return;
    isWanted = true;
    starts++;
    const started = fork(main, {
      env,
      execArgv: ["--import", stopWithParent],
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    child = started;
    exited = once(started, "exit");
    hasSpoken = false;
    started.stdout?.once("data", () => {
      hasSpoken = true;
    });
    for (const output of [started.stdout, started.stderr]) output?.pipe(log, { end: false });
    started.once("exit", async (code, signal) => {
      child = undefined;
      if (!isWanted) return;
      onEnding(`${name} ended unasked with ${code ?? signal}`);
      await delay(RESTART_MS);
      if (isWanted) await start();
    });
  };
  const kill = async () => {
    isWanted = false;
    child?.kill("SIGKILL");
    await exited;
  };
  return {
    name,
    port,
    get starts() {
      return starts;
    },
    servicePid: () => child?.pid,
    isReady: () => isReady(port),
    start,
    kill,
    freeze: async () => void child?.kill("SIGSTOP"),
    thaw: async () => void child?.kill("SIGCONT"),
    recover: async () => {},
    async stop() {
      isWanted = false;
      if (child === undefined) return;
      child.kill("SIGTERM");
      const late = setTimeout(() => child?.kill("SIGKILL"), STOP_DEADLINE_MS);
      const [code, signal] = await exited;
      clearTimeout(late);
      // Before its own code runs, a process ends by the signal and has nothing to finish.
      const isUnborn = !hasSpoken && signal === "SIGTERM";
      if (code !== 0 && !isUnborn) onEnding(`${name} answered SIGTERM with ${code ?? signal}`);
    },
  };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(5_000) })).ok;
  } catch {
    return false;
  }
}
