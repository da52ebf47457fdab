import { type ChildProcess, fork, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findFreePort } from "./free-port.ts";
import { natsUrlOfPart } from "./nats-server.ts";
import { NODE_FLAGS } from "./node-flags.ts";
import { databaseUrlOfPart } from "./postgres-roles.ts";

export interface ServiceOptions {
  /** A folder of services/. */
  service: string;
  /** The name in messages, if there are several: `gateway 1`. */
  name?: string | undefined;
  /** Another composition root in place of the service's own. */
  main?: URL | undefined;
  environment: NodeJS.ProcessEnv;
  /** Default: a free port. */
  port?: number | undefined;
  /** The target of standard output and standard error: the same as this process, a file descriptor, or a stream. */
  output: "inherit" | number | Writable;
  nodeFlags?: readonly string[];
  /** Starts the service again when it ends by itself. Default: it stays ended. */
  restart?: RestartPolicy | undefined;
}

export interface RestartPolicy {
  /** The pause doubles with every restart, until the service has run for a minute. */
  firstPauseMs: number;
  longestPauseMs: number;
  onRestart(ending: Ending, pauseMs: number): void;
}

/** The exit code of a process, or the signal that ended it. */
export type Ending = number | string;

const READY_DEADLINE_MS = 120_000;
const READY_INTERVAL_MS = 50;
const STOP_DEADLINE_MS = 30_000; // longer than the services' own deadline of 25 s
const STABLE_MS = 60_000;
const REFUSED_EXIT_CODE = 1;
const COMPILE_CACHE = fileURLToPath(new URL("../../node_modules/.cache/compile", import.meta.url));
const STOP_WITH_PARENT = new URL("./stop-with-parent.ts", import.meta.url).href;

/** Starts a service on a loopback port, without waiting until it is ready. The service ends with this process. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const service = new ServiceProcess(options, options.port ?? (await findFreePort()));
  service.start();
  return service;
}

/**
 * A service as a process. It is in one of these states:
 *
 * - running: to `pausing` when the process ends by itself and there is a restart policy, otherwise to `ended`; a
 *   service that exits with 1 before it was ever ready refuses to start, as with wrong settings, and goes to `ended` as
 *   well
 * - pausing: to `running` when the pause is over; to `ended` by `end` or `stop`
 * - ended: to `running` by `start`
 */
export class ServiceProcess {
  readonly name: string;
  readonly port: number;
  readonly url: string;
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;
  #ending: Promise<Ending> = Promise.resolve(0);
  #isEnded = true;
  #stopping = new AbortController();
  #wasReady = false;
  #hasWritten = false;
  #starts = 0;

  constructor(options: ServiceOptions, port: number) {
    this.#options = options;
    this.name = options.name ?? options.service;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** The number of times that the process was started. */
  get starts(): number {
    return this.#starts;
  }

  /** The process id while the process runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether the running process has written to `output`, if that is a stream. */
  get hasWritten(): boolean {
    return this.#hasWritten;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Resolves when the service is in the state `ended`. */
  get ended(): Promise<Ending> {
    return this.#ending;
  }

  /** Starts an ended service; otherwise does nothing. */
  start(): void {
    if (!this.#isEnded) return;
    this.#isEnded = false;
    this.#stopping = new AbortController();
    this.#ending = this.#keepRunning(this.#stopping.signal).finally(() => {
      this.#isEnded = true;
    });
  }

  /** Sends a signal to the process, if it runs. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Sends a signal and resolves when the process has ended permanently. */
  end(signal: NodeJS.Signals): Promise<Ending> {
    this.#stopping.abort();
    this.signal(signal);
    return this.#ending;
  }

  /** Sends SIGTERM, and SIGKILL after a deadline. Resolves when the process has ended permanently. */
  async stop(): Promise<Ending> {
    const deadline = setTimeout(() => this.signal("SIGKILL"), STOP_DEADLINE_MS);
    const ending = await this.end("SIGTERM");
    clearTimeout(deadline);
    return ending;
  }

  /**
   * Resolves once `/readyz` answers 200.
   *
   * @throws {Error} when the service has ended, or is not ready in time
   */
  async ready(deadlineMs = READY_DEADLINE_MS): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    for (;;) {
      const seen = await this.#readiness();
      if (seen === "200") break;
      if (this.#isEnded) throw new Error(`${this.name} ended with ${await this.#ending} before it was ready`);
      if (Date.now() > deadline)
        throw new Error(`${this.name} was not ready after ${deadlineMs} ms; last seen: ${seen}`);
      await delay(READY_INTERVAL_MS);
    }
    this.#wasReady = true;
  }

  async isReady(): Promise<boolean> {
    return (await this.#readiness()) === "200";
  }

  async #readiness(): Promise<string> {
    try {
      const answer = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5_000) });
      return answer.ok ? "200" : `${answer.status} ${await answer.text()}`;
    } catch (error) {
      return String((error as Error).cause ?? error);
    }
  }

  async #keepRunning(stopping: AbortSignal): Promise<Ending> {
    const { restart } = this.#options;
    let pauseMs = restart?.firstPauseMs ?? 0;
    for (;;) {
      const startedAt = Date.now();
      const ending = await this.#run();
      const isRefusal = ending === REFUSED_EXIT_CODE && !this.#wasReady;
      if (stopping.aborted || restart === undefined || isRefusal) return ending;
      if (Date.now() - startedAt > STABLE_MS) pauseMs = restart.firstPauseMs;
      restart.onRestart(ending, pauseMs);
      await delay(pauseMs, undefined, { signal: stopping }).catch(() => {});
      if (stopping.aborted) return ending;
      pauseMs = Math.min(pauseMs * 2, restart.longestPauseMs);
    }
  }

  async #run(): Promise<Ending> {
    const { service, environment, output, nodeFlags = [] } = this.#options;
    const main = this.#options.main ?? new URL(`../../services/${service}/src/main.ts`, import.meta.url);
    const child = fork(main, {
      env: {
        NODE_COMPILE_CACHE: COMPILE_CACHE,
        ...environment,
        ...(environment.NATS_URL ? { NATS_URL: natsUrlOfPart(environment.NATS_URL, service) } : {}),
        ...(environment.DATABASE_URL ? { DATABASE_URL: databaseUrlOfPart(environment.DATABASE_URL, service) } : {}),
        HOST: "127.0.0.1",
        PORT: String(this.port),
      },
      execArgv: [...(NODE_FLAGS[service] ?? []), "--import", STOP_WITH_PARENT, ...nodeFlags],
      stdio: stdioOf(output),
      detached: true, // Ctrl-C reaches only this process, which stops its services in order
    });
    this.#child = child;
    this.#starts++;
    this.#hasWritten = false;
    if (typeof output === "object") {
      child.stdout?.once("data", () => {
        this.#hasWritten = true;
      });
      for (const stream of [child.stdout, child.stderr]) stream?.pipe(output, { end: false });
    }
    const [code, signal] = await once(child, "close"); // all that the process has written has arrived
    this.#child = undefined;
    return code ?? signal;
  }
}

function stdioOf(output: ServiceOptions["output"]): StdioOptions {
  const stream = typeof output === "object" ? "pipe" : output;
  return ["ignore", stream, stream, "ipc"];
}
