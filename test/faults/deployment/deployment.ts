import type { TcpProxy } from "@tidemark/test-support/processes/tcp-proxy";
import type { BrokerProxy } from "./broker-proxy.ts";
import type { Disk } from "./disk.ts";

/** A process into which faults are injected. */
export interface Component {
  readonly name: string;
  /** The process id while it runs; undefined for programs that are not Tidemark's. */
  servicePid(): number | undefined;
  /** Starts the process after `kill` or `stop`, without waiting until it is ready. */
  start(): Promise<void>;
  /** Sends SIGKILL; resolves when the process has ended. */
  kill(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Sends SIGTERM; resolves when the process has ended. */
  stop(): Promise<void>;
  /** Restarts the process, unless it recovers by itself. It is called when its full disk has room again. */
  recover(): Promise<void>;
}

/** All processes of a run, as the client, the faults and the checks use them. */
export interface Deployment {
  /** The URLs of `/publish`, one for each gateway. */
  readonly publishUrls: readonly URL[];
  readonly queryUrl: URL;
  readonly components: ReadonlyMap<string, Component>;
  readonly proxies: ReadonlyMap<string, TcpProxy | BrokerProxy>;
  /** The disks of components by name; empty if none was requested or could be mounted. */
  readonly disks: ReadonlyMap<string, Disk>;
  /** Programs and versions for the report, such as `PostgreSQL 18.1`. */
  readonly programs: readonly string[];
  /** One line for each process that ended by itself, or not with 0. */
  readonly endings: readonly string[];
  /** The payload size of a large event, which the log has room for. */
  readonly largePayloadBytes: number;
  /** Returns how many times the process with the queue was started, because a queue in memory ends with its process. */
  queueStarts(): number;
  /** Stops the consumers for a time, so that the log or the queue fills. */
  fill(holdMs: number): Promise<void>;
  /** Returns the number of repeated deliveries of frames; undefined without a broker. */
  countRedeliveries(): Promise<number | undefined>;
  /** Resolves when every service is ready. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** The payload size of a large event in a log that has room for it. */
export const LARGE_PAYLOAD_BYTES = 3_000_000;

export interface DeploymentOptions {
  /** The folder of data and logs. */
  dir: string;
  /** The size of each disk. Default: no disk is mounted. */
  diskMebibytes?: number | undefined;
}
