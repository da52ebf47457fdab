import { jetstreamManager, PersistMode, StorageType, type StreamInfo } from "@nats-io/jetstream";
import { type Durability, SAFE } from "@tidemark/domain/durability";
import { redactUrl } from "@tidemark/telemetry/logger";
import type { JetstreamConnection } from "./connection.ts";
import { isAbsent, isUndecided, unreachable } from "./errors.ts";
import { readVarz, type Varz } from "./monitor.ts";

export interface LogDurabilityOptions {
  connection: JetstreamConnection;
  /** Default: `TIDEMARK`. */
  stream?: string;
  /** The HTTP address of the server's monitor, whose `/varz` shows `sync_interval`. The NATS protocol does not. */
  monitorUrl?: string | undefined;
}

/** With this number of replicas, an acknowledged frame is in the memory of at least two machines. */
const ENOUGH_REPLICAS = 3;

/**
 * Reads whether acknowledged frames survive a loss of power: by the settings of the stream and, if it has fewer than three
 * replicas, by the `sync_interval` of the server.
 *
 * @returns `unknown` when the monitor of the server does not answer the question
 * @throws {Unavailable} `log_unreachable`
 */
export async function readLogDurability({
  connection,
  stream = "TIDEMARK",
  monitorUrl,
}: LogDurabilityOptions): Promise<Durability> {
  const info = await readStream(connection, stream);
  const lossy = findLossySetting(info);
  if (lossy !== undefined) return unsafe(lossy);
  if (info.config.num_replicas >= ENOUGH_REPLICAS) return SAFE;
  if (monitorUrl === undefined) {
    return unknown("NATS_MONITOR_URL is not set, so the sync_interval of nats-server is not known: set it");
  }
  return serverDurability(await readVarz(monitorUrl), info, monitorUrl);
}

async function readStream(connection: JetstreamConnection, stream: string): Promise<StreamInfo> {
  if (!connection.isConnected) throw unreachable("the log is not reachable");
  const manager = await jetstreamManager(connection.nats, { checkAPI: false });
  try {
    return await connection.untilLost(manager.streams.info(stream));
  } catch (error) {
    if (isAbsent(error) || isUndecided(error)) throw unreachable("the log does not answer", error);
    throw error;
  }
}

function findLossySetting({ config }: StreamInfo): string | undefined {
  if (config.max_age > 0) {
    const age = `max_age=${config.max_age / 1e9}s`;
    return `the stream ${config.name} has ${age}, after which it drops events that are not stored yet: set max_age=0`;
  }
  if (config.storage !== StorageType.File) {
    return `the stream ${config.name} has storage=${config.storage}: create it again with storage=file`;
  }
  if (config.persist_mode === PersistMode.Async) {
    return `the stream ${config.name} has persist_mode=async, which acknowledges before it writes: create it again without it`;
  }
  return undefined;
}

function serverDurability(varz: Varz | string, { config, cluster }: StreamInfo, monitorUrl: string) {
  const monitor = `NATS_MONITOR_URL (${redactUrl(monitorUrl)})`;
  const fix = "set it to the http address of nats-server, such as http://nats:8222";
  if (typeof varz === "string") return unknown(`${monitor} ${varz}, so sync_interval is not known: ${fix}`);
  if (cluster?.leader !== undefined && cluster.leader !== varz.server_name) {
    const holder = `the stream ${config.name} is on ${cluster.leader}`;
    return unknown(`${monitor} is of server ${varz.server_name}, but ${holder}: ${fix}`);
  }
  const settings = varz.jetstream?.config;
  if (settings === undefined) return unknown(`${monitor} shows no JetStream: ${fix}`);
  if (settings.sync_always) return SAFE;
  const interval = settings.sync_interval === undefined ? "unset" : `${settings.sync_interval / 1e9}s`;
  const replicas = `num_replicas=${config.num_replicas}`;
  return unsafe(
    `nats-server has sync_interval=${interval} with ${replicas}, so the events it acknowledged last can be lost with the ` +
      "power: set jetstream { sync_interval: always } in its configuration, or LOG_REPLICAS=3 in a cluster",
  );
}

function unsafe(detail: string): Durability {
  return { status: "unsafe", findings: [{ part: "log", detail }] };
}

function unknown(detail: string): Durability {
  return { status: "unknown", findings: [{ part: "log", detail }] };
}
