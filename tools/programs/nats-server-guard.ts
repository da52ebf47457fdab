import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { runGuard } from "./guarded-process.ts";
import { localNatsUrl, type NatsServerGuardOptions, type NatsServerReady } from "./nats-server.ts";

/** The guard of a nats-server, see guarded-process.ts. */

const STOP_DEADLINE_MS = 10_000;

runGuard<NatsServerGuardOptions, NatsServerReady>(async (options) => {
  let server: ChildProcess | undefined;
  let isWanted = true;

  async function start(): Promise<void> {
    const started = spawn(options.binary, ["--config", options.confFile], { stdio: ["ignore", "ignore", "pipe"] });
    server = started;
    await ready(started);
    started.once("exit", async () => {
      if (!isWanted) return;
      await removeData();
      process.exit(1);
    });
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    isWanted = false;
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const running = server;
    const exited = once(running, "exit");
    running.kill(signal);
    const deadline = setTimeout(() => running.kill("SIGKILL"), STOP_DEADLINE_MS);
    await exited;
    clearTimeout(deadline);
  }

  async function removeData(): Promise<void> {
    if (options.isTemporary) await rm(options.dataDir, { recursive: true, force: true });
  }

  try {
    await start();
  } catch (error) {
    await end("SIGKILL");
    await removeData();
    throw error;
  }
  return {
    ready: {
      url: localNatsUrl("127.0.0.1", options.port),
      monitorUrl: `http://127.0.0.1:${options.monitorPort}`,
    },
    async answer(request) {
      if (request === "kill") await end("SIGKILL");
      else if (request === "start") {
        isWanted = true;
        await start();
      }
    },
    async stop() {
      await end("SIGTERM");
      await removeData();
    },
  };
});

/** Resolves when the server is ready. If it ends instead, its output is the error. */
async function ready(server: ChildProcess): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    server.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (said.length < 10_000) said += text;
      if (said.includes("Server is ready")) resolve();
    });
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`nats-server ended with ${code}:\n${said}`)));
  });
}
