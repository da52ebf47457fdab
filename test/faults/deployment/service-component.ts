import { createWriteStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { findSteadyPort } from "@tidemark/programs/free-port";
import { type Ending, startService } from "@tidemark/programs/service-process";
import type { Component } from "./deployment.ts";

export interface ServiceComponentOptions {
  /** A folder of services/. */
  service: string;
  name: string;
  /** A composition root in place of the service's own. */
  main?: URL | undefined;
  environment: Record<string, string>;
  /** The folder of the log file. */
  dir: string;
  /** Receives one line for each unexpected end. */
  onEnding(line: string): void;
}

export interface ServiceComponent extends Component {
  readonly port: number;
  /** The number of times that the service was started. */
  readonly starts: number;
  ready(): Promise<void>;
}

const RESTART_MS = 500;

/** Starts a service as a process that keeps its port over restarts; it starts again when it ends by itself. */
export async function openServiceComponent(options: ServiceComponentOptions): Promise<ServiceComponent> {
  const { name, dir, onEnding } = options;
  const logFile = join(dir, `${name}.log`);
  const running = await startService({
    ...options,
    // The checks ask for the content of every conflict.
    environment: { ...process.env, MAX_CONFLICTS_KEPT: "1000", ...options.environment },
    port: await findSteadyPort(),
    output: createWriteStream(logFile, { flags: "a" }),
    restart: {
      firstPauseMs: RESTART_MS,
      longestPauseMs: RESTART_MS,
      onRestart: (ending: Ending) => onEnding(`${name} ended by itself with ${ending}`),
    },
  });
  return {
    name,
    port: running.port,
    get starts() {
      return running.starts;
    },
    servicePid: () => running.pid,
    ready: () => running.ready(),
    start: async () => running.start(),
    kill: async () => void (await running.end("SIGKILL")),
    freeze: async () => running.signal("SIGSTOP"),
    thaw: async () => running.signal("SIGCONT"),
    recover: async () => {},
    async stop() {
      if (running.isEnded) return;
      const ending = await running.stop();
      // A process whose own code does not run yet is ended by the signal, and has nothing to finish.
      const isUnborn = !running.hasWritten && ending === "SIGTERM";
      if (ending !== 0 && !isUnborn)
        onEnding(`${name} ended with ${ending} after SIGTERM: ${errorWhileStopping(logFile)}`);
    },
  };
}

/** Returns the last error that a service has logged since it was told to stop. */
function errorWhileStopping(logFile: string): string {
  const lines = readFileSync(logFile, "utf8").split("\n");
  const stoppingAt = lines.findLastIndex((line) => line.includes('"msg":"stopping"'));
  return lines.slice(stoppingAt).findLast((line) => /"level":[56]0/.test(line)) ?? "no error in its log";
}
