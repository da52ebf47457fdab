import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { findFreePort } from "./free-port.ts";
import { startGuarded } from "./guarded-process.ts";

export { findNatsServer } from "./find-nats-server.ts";

export interface NatsServerOptions {
  binary: string;
  /** The folder of its configuration and its streams, created if it is missing. */
  dataDir: string;
  /** Default: a free port. */
  port?: number;
  monitorPort?: number;
  /** Default: `always`. Any other value loses acknowledged writes at a power failure. */
  syncInterval?: string;
  /** Whether `dataDir` is removed with the server. */
  isTemporary?: boolean;
}

export interface NatsServerReady {
  url: string;
  monitorUrl: string;
}

export type NatsServerGuardOptions = Required<Omit<NatsServerOptions, "syncInterval">> & { confFile: string };

export interface NatsServer extends NatsServerReady {
  /** Sends SIGKILL; the data stays. */
  kill(): Promise<void>;
  /** Starts the server again after `kill`, on the same ports and data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when the server has ended and is not restarted. */
  exited: Promise<void>;
}

interface NatsConfOptions {
  storeDir: string;
  listen: string;
  http: string;
  syncInterval?: string | undefined;
}

/**
 * The settings that Tidemark needs: `sync_interval: always`, because the default loses acknowledged writes at a power failure,
 * and messages large enough for a request of `MAX_BODY_BYTES`.
 */
export function natsConf({ storeDir, listen, http, syncInterval = "always" }: NatsConfOptions): string {
  const jetstream = { store_dir: storeDir, sync_interval: syncInterval };
  return `${JSON.stringify({ listen, http, max_payload: 8 * 1024 * 1024, jetstream }, null, 2)}\n`;
}

/**
 * Runs a nats-server with JetStream on loopback ports under guard, so that it ends with this process.
 *
 * @throws {Error} with the server's output if it does not start
 */
export async function startNatsServer({
  binary,
  dataDir,
  port,
  monitorPort,
  syncInterval,
  isTemporary = false,
}: NatsServerOptions): Promise<NatsServer> {
  const options = {
    binary,
    dataDir: resolve(dataDir),
    port: port ?? (await findFreePort()),
    monitorPort: monitorPort ?? (await findFreePort()),
    isTemporary,
    confFile: resolve(dataDir, "nats-server.conf"),
  };
  await mkdir(options.dataDir, { recursive: true });
  const conf = natsConf({
    storeDir: join(options.dataDir, "jetstream"),
    listen: `127.0.0.1:${options.port}`,
    http: `127.0.0.1:${options.monitorPort}`,
    syncInterval,
  });
  await writeFile(options.confFile, conf);

  const guard = new URL("./nats-server-guard.ts", import.meta.url);
  const guarded = await startGuarded<NatsServerGuardOptions, NatsServerReady>(guard, options);
  return {
    ...guarded.ready,
    kill: () => guarded.ask("kill"),
    restart: () => guarded.ask("start"),
    stop: guarded.stop,
    exited: guarded.exited,
  };
}
