import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { findFreePort } from "@tidemark/programs/free-port";
import type { Logger } from "@tidemark/telemetry/logger";

export interface ServiceProcessOptions {
  /** A folder of services/. */
  service: string;
  /** For the log: `gateway 1`. */
  name: string;
  environment: NodeJS.ProcessEnv;
  log: Logger;
}

export interface ServiceProcess {
  url: URL;
  /** Resolves once `/readyz` answers 200. @throws {Error} when it refuses to start, as with wrong settings */
  ready(): Promise<void>;
  /** SIGTERM, and SIGKILL past the deadline; resolves when it is gone. */
  stop(): Promise<void>;
}

const READY_DEADLINE_MS = 120_000;
const STOP_DEADLINE_MS = 30_000; // above the services' own, 25 s
const FIRST_RESTART_MS = 500;
const LONGEST_RESTART_MS = 30_000;
const STABLE_MS = 60_000;

/**
 * Runs a service as a process with a loopback port of its own, and starts it again when it ends unasked: at once the
 * first time, then ever later while it keeps ending. Its log goes where this process's goes. It stands in a process
 * group of its own: Ctrl-C reaches the stack alone, which stops its parts in order.
 */
export async function startServiceProcess({
  service,
  name,
  environment,
  log,
}: ServiceProcessOptions): Promise<ServiceProcess> {
  const url = new URL(`http://127.0.0.1:${await findFreePort()}`);
  const main = new URL(`../../services/${service}/src/main.ts`, import.meta.url);
  const execArgv = ["--import", new URL("./stop-with-parent.ts", import.meta.url).href];
  const env = { ...environment, HOST: url.hostname, PORT: url.port };
  const stopping = new AbortController();
  const refused = Promise.withResolvers<never>();
  refused.promise.catch(() => {}); // nobody may be waiting for it
  let wasReady = false;

  const start = () => fork(main, { env, execArgv, detached: true, stdio: ["ignore", "inherit", "inherit", "ipc"] });
  let running = start();

  async function keepRunning(): Promise<void> {
    let pauseMs = FIRST_RESTART_MS;
    for (;;) {
      const startedAt = Date.now();
      const [code, signal] = await once(running, "exit");
      if (stopping.signal.aborted) return;
      if (!wasReady && code === 1) {
        refused.reject(new Error(`${name} refuses to start; it has said why`));
        return;
      }
      if (Date.now() - startedAt > STABLE_MS) pauseMs = FIRST_RESTART_MS;
      log.error({ name, code, signal, pauseMs }, "service ended, starting it again");
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      pauseMs = Math.min(pauseMs * 2, LONGEST_RESTART_MS);
      running = start();
    }
  }
  const ended = keepRunning();

  return {
    url,
    async ready() {
      await Promise.race([waitUntilReady(name, url), refused.promise]);
      wasReady = true;
    },
    async stop() {
      stopping.abort();
      await endWithin(running, ended);
    },
  };
}

async function endWithin(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill("SIGTERM");
  const deadline = setTimeout(() => child.kill("SIGKILL"), STOP_DEADLINE_MS);
  await ended;
  clearTimeout(deadline);
}

async function waitUntilReady(name: string, url: URL): Promise<void> {
  const deadline = Date.now() + READY_DEADLINE_MS;
  let seen = "nothing";
  while (Date.now() < deadline) {
    try {
      const answer = await fetch(new URL("/readyz", url), { signal: AbortSignal.timeout(5_000) });
      if (answer.status === 200) return;
      seen = `${answer.status} ${await answer.text()}`;
    } catch (error) {
      seen = String((error as Error).cause ?? error);
    }
    await delay(100);
  }
  throw new Error(`${name} was not ready after ${READY_DEADLINE_MS / 1_000} s; last seen: ${seen}`);
}
