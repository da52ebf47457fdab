import { readFileSync } from "node:fs";
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
  /** Default: a server of its own, in no cluster. */
  cluster?: NatsClusterNode;
}

/** One server of a cluster on loopback. */
export interface NatsClusterNode {
  name: string;
  /** The port that the other servers connect to. */
  port: number;
  /** The ports at which this server finds the others. */
  routes: number[];
}

export interface NatsServerReady {
  /** With the credentials of the administrator. */
  url: string;
  monitorUrl: string;
}

export type NatsServerGuardOptions = Required<Omit<NatsServerOptions, "syncInterval" | "cluster">> & {
  confFile: string;
};

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
  cluster?: NatsClusterNode | undefined;
}

/** The users of deploy/nats/users.conf, with passwords for servers that listen only on loopback. */
const LOCAL_PASSWORD = "local";
const PARTS = new Set(["gateway", "consumer", "query", "backup", "restore"]);
const USERS = readFileSync(new URL("../../deploy/nats/users.conf", import.meta.url), "utf8");
const PASSWORDS = [...PARTS, "admin"].map((user) => `${user.toUpperCase()}_PASSWORD: "${LOCAL_PASSWORD}"\n`).join("");

/** Returns the URL of a local server, for its administrator, who may do everything. */
export function localNatsUrl(host: string, port: number): string {
  return `nats://admin:${LOCAL_PASSWORD}@${host}:${port}`;
}

/**
 * Replaces the credentials of a local server's administrator in a URL with those of a part. Each service that a test or
 * `npm run stack` starts therefore has only the rights that deploy/nats/users.conf gives it.
 */
export function natsUrlOfPart(url: string, part: string): string {
  const parsed = new URL(url);
  if (parsed.username !== "admin" || parsed.password !== LOCAL_PASSWORD || !PARTS.has(part)) return url;
  parsed.username = part;
  return parsed.toString();
}

/**
 * The settings that Tidemark needs: `sync_interval: always`, because the default loses acknowledged writes at a power failure,
 * messages large enough for a request of `MAX_BODY_BYTES`, and the users of deploy/nats/users.conf.
 */
export function natsConf({ storeDir, listen, http, syncInterval = "always", cluster }: NatsConfOptions): string {
  const jetstream = { store_dir: storeDir, sync_interval: syncInterval };
  const node = cluster === undefined ? {} : describeNode(cluster);
  const settings = Object.entries({ listen, http, max_payload: 8 * 1024 * 1024, jetstream, ...node });
  const lines = settings.map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`).join("");
  return `${lines}${USERS.replace(/^include .*$/m, PASSWORDS)}`;
}

/** Nothing listens on the advertised port, so that the servers use no other ways to each other than the given ones. */
function describeNode({ name, port, routes }: NatsClusterNode) {
  const addresses = routes.map((route) => `nats://127.0.0.1:${route}`);
  const cluster = { name: "tidemark", listen: `127.0.0.1:${port}`, advertise: "127.0.0.1:1", routes: addresses };
  return { server_name: name, cluster };
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
  cluster,
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
    cluster,
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
