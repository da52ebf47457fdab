import { fork } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findFreePort } from "@tidemark/programs/free-port";

export interface ServiceOptions {
  /** A folder of services/. */
  service: string;
  environment: NodeJS.ProcessEnv;
  /** Where its log goes, as much of it as it writes by default: logging is part of what is measured. */
  logDir: string;
  /** Writes a CPU profile there when it stops. */
  profileDir?: string | undefined;
}

export interface Service {
  url: string;
  stop(): Promise<void>;
}

const READY_DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 50;
// That of the npm scripts: what is measured starts as `npm start` does.
const COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/compile", import.meta.url));

/** Starts a service on a loopback port of its own, and waits until it is ready. It ends with this process. */
export async function startService({ service, environment, logDir, profileDir }: ServiceOptions): Promise<Service> {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const log = openSync(join(logDir, `${service}-${port}.log`), "a");
  // A folder each: every thread of a service writes a profile of its own there.
  const profile =
    profileDir === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${join(profileDir, `${service}-${port}`)}`];
  const child = fork(new URL(`../../services/${service}/src/main.ts`, import.meta.url), {
    env: { ...environment, NODE_COMPILE_CACHE: COMPILE_CACHE, HOST: "127.0.0.1", PORT: String(port) },
    execArgv: ["--import", new URL("../../tools/stack/stop-with-parent.ts", import.meta.url).href, ...profile],
    stdio: ["ignore", log, log, "ipc"],
    detached: true, // Ctrl-C reaches this process, which stops its services
  });
  const ended = once(child, "exit");
  const diedEarly = ended.then(([code]) => {
    throw new Error(`${service} ended with ${code} before it was ready; its log is in ${logDir}`);
  });
  await Promise.race([waitUntilReady(service, url), diedEarly]);
  diedEarly.catch(() => {});
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function waitUntilReady(service: string, url: string): Promise<void> {
  const deadline = Date.now() + READY_DEADLINE_MS;
  let seen = "nothing";
  while (Date.now() < deadline) {
    try {
      const answer = await fetch(new URL("/readyz", url));
      seen = `${answer.status} ${await answer.text()}`;
      if (answer.ok) return;
    } catch (error) {
      seen = String((error as Error).cause ?? error);
    }
    await delay(LOOK_EVERY_MS);
  }
  throw new Error(`${service} was not ready after ${READY_DEADLINE_MS} ms; last seen: ${seen}`);
}
