import type { TcpProxy } from "@tidemark/test-support/tcp-proxy";
import type { BrokerProxy } from "./broker-proxy.ts";
import type { Disk } from "./disk.ts";

/** A process that faults happen to. */
export interface Part {
  readonly name: string;
  /** Its process, while there is one; undefined for those that are not Tidemark's own. */
  servicePid(): number | undefined;
  /** Starts it, and again after `kill` or `stop`; does not wait for it to be ready. */
  start(): Promise<void>;
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>;
  /** Once its full disk has room again: starts it anew, unless it is one that goes on by itself. */
  recover(): Promise<void>;
}

/** All that runs, as the client, the faults and the checker see it. */
export interface World {
  /** Where `/publish` is served: each a way of its own. */
  readonly publishUrls: readonly URL[];
  readonly queryUrl: URL;
  readonly parts: ReadonlyMap<string, Part>;
  readonly wires: ReadonlyMap<string, TcpProxy | BrokerProxy>;
  /** The disks of parts, by their names; none where none could be mounted, or none was asked for. */
  readonly disks: ReadonlyMap<string, Disk>;
  /** For the report: `PostgreSQL 18.1`. */
  readonly programs: readonly string[];
  /** What ended unasked, or not as it should; one line each. */
  readonly endings: readonly string[];
  /** How many times that has begun whose memory holds events: a queue in memory ends with it. */
  lives(): number;
  /** Keeps events from leaving the log or the queue for a time, so that it fills. */
  fill(holdMs: number): Promise<void>;
  /** How many times the broker delivered a frame beyond the first; undefined without a broker. */
  countRedeliveries(): Promise<number | undefined>;
  /** Resolves when every service says that it is ready. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export interface WorldOptions {
  /** Where data and logs are. */
  dir: string;
  /** Of each disk that can be filled; none is mounted when it is missing. */
  diskMebibytes?: number | undefined;
}
