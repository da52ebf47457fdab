import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { findFreePort } from "@tidemark/programs/free-port";
import { waitFor } from "./wait-for.ts";

export interface ServiceProcess {
  name: string;
  process: ChildProcess;
  port: number;
  url: string;
  /** What it has written to its log so far. */
  output(): string;
  /** Resolves when it has ended, with its exit code or the signal that ended it. */
  ended: Promise<number | string>;
  /** Sends a signal and resolves with how the process ended: its exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | string>;
}

/** Node reads some hundred modules first, which takes a machine with much else to do a while. */
const START_DEADLINE_MS = 45_000;

/** Starts a service as its own process and waits until it is ready. The caller ends it. */
export async function startService(name: string, environment: Record<string, string>): Promise<ServiceProcess> {
  const service = await launchService(name, environment);
  try {
    await untilReady(service);
    return service;
  } catch (error) {
    await service.end("SIGKILL");
    throw error;
  }
}

/** Resolves when a service is ready. */
export async function untilReady(service: ServiceProcess): Promise<void> {
  const isReady = async () => {
    const { exitCode } = service.process;
    if (exitCode !== null) throw new Error(`it ended with ${exitCode}: ${service.output()}`);
    return (await fetch(`${service.url}/readyz`)).ok;
  };
  await waitFor(`${service.name} to be ready`, isReady, { timeoutMs: START_DEADLINE_MS });
}

/** Starts a service as its own process, ready or not. The caller ends it. */
export async function launchService(name: string, environment: Record<string, string>): Promise<ServiceProcess> {
  const port = environment.PORT ? Number(environment.PORT) : await findFreePort();
  const main = fileURLToPath(new URL(`../../services/${name}/src/main.ts`, import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, ...environment, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  const url = `http://127.0.0.1:${port}`;
  const ended = once(child, "exit").then(([code, signal]) => (code ?? signal) as number | string);
  return {
    name,
    process: child,
    port,
    url,
    output: () => output,
    ended,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}
