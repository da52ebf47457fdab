import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Durability, SAFE } from "@tidemark/domain/durability";
import { Unavailable } from "@tidemark/domain/errors";
import { createSigner } from "@tidemark/domain/signer";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { GatewayHeartbeat, GatewayHeartbeatListener, Heartbeat } from "@tidemark/event-log/signals";
import type { Books } from "@tidemark/event-store/books";
import type { DeadLetterStore } from "@tidemark/event-store/dead-letters";
import type { EventStore } from "@tidemark/event-store/event-store";
import { lendThread } from "@tidemark/event-store-sqlite/fixture/lent-threads";
import { openSqliteEventStore } from "@tidemark/event-store-sqlite/sqlite-event-store";
import { ApiKeys } from "@tidemark/runtime/access/api-keys";
import type { KeyEntry } from "@tidemark/runtime/access/key-entry";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { createLogger } from "@tidemark/telemetry/logger";
import type { FastifyInstance } from "fastify";
import { registerQuery } from "./query.ts";

/** Signs the cursors of the fixture, and the receipts that it knows. */
export const FIXTURE_SIGNER = createSigner(["a signing key that has at least 32 characters"]);

/** Query routes over a new store and a log whose snapshot the test sets. */
export interface QueryFixture {
  server: FastifyInstance;
  store: EventStore & DeadLetterStore;
  /** The snapshot of the log, undefined if the log does not answer. */
  log: { contents: LogSnapshot | undefined; durability: Durability };
  /** The damage that the store reports. */
  damage: { description: string | undefined };
  hear: (heartbeat: Partial<Heartbeat>) => void;
  hearGateway: (heartbeat?: Partial<GatewayHeartbeat>) => void;
  /** Applies events, which may be JSON texts, as one frame of one request. Returns the frame's id. */
  storeEvents: (events: (object | string)[], frameId?: string) => Promise<string>;
}

export const EMPTY_LOG: LogSnapshot = {
  generation: "test",
  events: 0,
  frames: 0,
  lastSequence: 0,
  held: [],
  removed: 0,
  bytes: 0,
  maxBytes: 1_000_000,
};

export const EMPTY_BOOKS: Books = {
  stored: 0,
  duplicates: 0,
  conflicts: 0,
  deadLettered: 0,
  topicsTotal: 0,
  byTopic: [],
  sourcesTotal: 0,
  bySource: [],
  appliedHeldEvents: 0,
  appliedGoneFrames: 0,
  appliedEvents: 0,
  tableDrift: 0,
  lost: { frames: 0, events: 0 },
};

/**
 * Opens the routes, with keys if there are entries of a keys file. `onEnd`, which is `onTestFinished` or `afterAll`, gets the function that closes them and deletes
 * their data.
 */
export async function openQueryFixture(
  onEnd: (close: () => Promise<void>) => void,
  { keys }: { keys?: KeyEntry[] } = {},
): Promise<QueryFixture> {
  const logger = createLogger({ service: "test", level: "silent" });
  const directory = await mkdtemp(join(tmpdir(), "tidemark-query-"));
  const store = await openSqliteEventStore({ path: join(directory, "test.db"), logger, startThread: lendThread });
  const server = createHttpServer({ logger, ...(keys && { apiKeys: new ApiKeys(keys) }) });
  onEnd(async () => {
    await server.close();
    await store.close();
    await rm(directory, { recursive: true });
  });

  const log: QueryFixture["log"] = { contents: EMPTY_LOG, durability: SAFE };
  const damage: QueryFixture["damage"] = { description: undefined };
  const commitListeners = new Set<() => void>();
  let hear: (heartbeat: Heartbeat) => void = () => {};
  let hearGateway: GatewayHeartbeatListener = () => {};
  registerQuery(server, {
    store,
    storeCommands: store,
    readLogSnapshot: async () => {
      if (log.contents === undefined)
        throw new Unavailable({ code: "log_unreachable", detail: "the log does not answer" });
      return log.contents;
    },
    signals: {
      onHeartbeat: (listener) => {
        hear = listener;
      },
      onGatewayHeartbeat: (listener) => {
        hearGateway = listener;
      },
      onCommit: (listener) => {
        commitListeners.add(listener);
        return () => commitListeners.delete(listener);
      },
    },
    signer: FIXTURE_SIGNER,
    logDurability: () => log.durability,
    readStoreDamage: () => damage.description,
    maxQueuedMs: 10_000,
    startedAtMs: Date.now(),
  });

  let sequence = 0;
  await server.ready();
  return {
    server,
    store,
    log,
    damage,
    hear: (heartbeat) => hear({ consumerId: "a", isStoreUp: true, lagMs: 0, ...heartbeat }),
    hearGateway: (heartbeat) => hearGateway({ ...GATEWAY, ...heartbeat }, false),
    async storeEvents(events, frameId = randomUUID()) {
      const texts = events.map((event) =>
        typeof event === "string" ? event : JSON.stringify({ ...SAMPLE, ...event }),
      );
      const frame = {
        id: frameId,
        requests: [events.length],
        receivedAtMs: Date.now(),
        events: Buffer.from(`[${texts.join(",")}]`),
      };
      // The generation is not that of the snapshot, unless the test sets it.
      const origin = { generation: "former", sequence: ++sequence };
      await store.apply([{ frame, origin }], { maxNamed: 0 });
      for (const listener of commitListeners) listener();
      return frameId;
    },
  };
}

const GATEWAY: GatewayHeartbeat = {
  gatewayId: "g",
  startedAtMs: 0,
  beat: 1,
  generation: "test",
  confirmedEvents: 0,
  confirmedBytes: 0,
  hasEnded: false,
};

const SAMPLE = { topic: "user.login", timestamp: "2025-10-23T10:00:00Z", source: "auth-service", payload: {} };
