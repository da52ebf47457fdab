import { basename, resolve } from "node:path";
import { COMPARED_FIELDS, type ConflictFields } from "@tidemark/domain/verdict";
import type { Audit, Auditor } from "@tidemark/event-store/audit";
import type { DeadLetterStore } from "@tidemark/event-store/dead-letters";
import type { DuplicateReader } from "@tidemark/event-store/duplicates";
import { DEFAULT_MAX_CONFLICTS_KEPT, type Eraser, eraseDeadLetters } from "@tidemark/event-store/erasure";
import type { EventStore } from "@tidemark/event-store/event-store";
import type { Pruner } from "@tidemark/event-store/pruning";
import type { SubscriptionStore } from "@tidemark/event-store/subscriptions";
import type { UsageReader } from "@tidemark/event-store/usage";
import type { Logger } from "@tidemark/telemetry/logger";
import { packCall } from "./apply/call.ts";
import { describeDamage } from "./connection/damage.ts";
import { readHistory } from "./read/history.ts";
import { readUsage } from "./read/usage.ts";
import type { AuditorFunctions } from "./worker/auditor.ts";
import type { ReaderFunctions } from "./worker/reader.ts";
import type { StartThread } from "./worker/thread.ts";
import { SqliteWorker } from "./worker/worker.ts";
import type { WriterFunctions } from "./worker/writer.ts";

export interface SqliteEventStoreOptions {
  /** The database file. It and its directory are created if they are missing. */
  path: string;
  logger: Logger;
  /** The number of conflicts of one event that are kept in full. Default 100. */
  maxConflictsKept?: number;
  /** The fields whose difference makes a duplicate a conflict. Default: all. */
  conflictFields?: ConflictFields;
  /** Starts the threads. Default: a new worker thread for each. */
  startThread?: StartThread;
}

export interface SqliteEventStore
  extends EventStore,
    DeadLetterStore,
    DuplicateReader,
    SubscriptionStore,
    Auditor,
    Pruner,
    Eraser,
    UsageReader {
  /**
   * Reads the secret of this name. It has 43 random characters of base64url, is created once, and is kept in the file.
   */
  readOrCreateSecret(name: string): Promise<string>;
  /**
   * The damage that SQLite has found in the file since it was opened, and the remedy. Names the file without its
   * folder.
   */
  readonly damage: string | undefined;
}

/**
 * Opens the store of a single process: one SQLite file, which one thread writes and another reads. Neither of them
 * blocks the HTTP thread, and reading a page blocks no commit (docs/decisions/0005-readers-beside-the-writer.md).
 *
 * @throws {Error} naming the path and the fix, when the file cannot be written or another process has it
 */
export async function openSqliteEventStore({
  path,
  logger,
  maxConflictsKept = DEFAULT_MAX_CONFLICTS_KEPT,
  conflictFields = COMPARED_FIELDS,
  startThread,
}: SqliteEventStoreOptions): Promise<SqliteEventStore> {
  const damage = watchDamage(path, logger);
  // If either thread dies, the store is useless: reads would never change, or commits could not be seen. The cause is
  // thrown outside of any promise, so that it ends the process.
  const onDeath = (cause: Error) => {
    logger.fatal({ err: cause, path }, "a thread of the store died; the process ends");
    writer.abandon(cause);
    reader.abandon(cause);
    queueMicrotask(() => {
      throw cause;
    });
  };
  const events = { onDeath, onDamage: damage.found };
  const writer = new SqliteWorker<WriterFunctions>(moduleOf("writer"), events, startThread);
  const reader = new SqliteWorker<ReaderFunctions>(moduleOf("reader"), events, startThread);
  const store = createStore({ path, writer, reader, damage, startThread });
  try {
    await writer.open(path, { maxConflictsKept, conflictFields });
    await reader.open(path);
    return store;
  } catch (error) {
    await store.close();
    throw damage.code === undefined ? error : new Error(describeDamage(resolve(path), damage.code), { cause: error });
  }
}

function moduleOf(role: "writer" | "reader" | "auditor"): URL {
  return new URL(`./worker/${role}.worker.ts`, import.meta.url);
}

interface DamageWatch {
  /** The result code by which SQLite reported the damage. */
  readonly code: string | undefined;
  found(code: string): void;
}

/** Remembers a damaged file, and logs it once. */
function watchDamage(path: string, logger: Logger): DamageWatch {
  let firstCode: string | undefined;
  return {
    get code() {
      return firstCode;
    },
    found(code) {
      if (firstCode === undefined) logger.error({ path, code }, describeDamage(resolve(path), code));
      firstCode ??= code;
    },
  };
}

interface StoreParts {
  path: string;
  writer: SqliteWorker<WriterFunctions>;
  reader: SqliteWorker<ReaderFunctions>;
  damage: DamageWatch;
  startThread: StartThread | undefined;
}

function createStore({ path, writer, reader, damage, startThread }: StoreParts): SqliteEventStore {
  const { runAudit, closeAuditors } = createAuditors(path, damage, startThread);
  const truncateWal = shareTruncations(writer);
  const historyCalls = reader.forward("readMovements", "readSurroundings");
  const store: SqliteEventStore = {
    ...writer.forward("redrive", "deleteDeadLetter", "readDurability", "pruneDuplicates", "pruneFrames"),
    ...writer.forward("pruneHistory", "expirePayloads", "recordStart", "readOrCreateSecret"),
    ...writer.forward("createSubscription", "acknowledge", "deleteSubscription"),
    ...reader.forward("listEvents", "readTip", "findEvent", "findFrame", "readBooks", "readTopicBooks"),
    ...reader.forward("listTopics"),
    ...reader.forward("listDuplicates", "listDeadLetters", "findDeadLetterTopic", "ping"),
    ...reader.forward("findSubscription", "listSubscriptions", "readLag"),
    get damage() {
      return damage.code === undefined ? undefined : describeDamage(basename(path), damage.code);
    },
    readUsage: () => readUsage(path),
    readHistory: (query) => readHistory(historyCalls, query),
    apply: async (deliveries, { maxNamed }) => {
      if (deliveries.length === 0) return { frames: [], dropped: [] };
      const { call, buffer } = packCall(deliveries, maxNamed);
      return writer.call("apply", [call], [buffer]);
    },
    deadLetterFrame: (frame) => {
      const content = new Uint8Array(frame.content);
      return writer.call("deadLetterFrame", [{ ...frame, content }], [content.buffer]);
    },
    eraseEvent: async (topic, eventId) => {
      if (!(await writer.call("eraseStored", [topic, eventId]))) return false;
      while ((await writer.call("eraseConflicts", [topic, eventId])) > 0);
      await eraseDeadLetters(store, topic, eventId);
      await truncateWal();
      return true;
    },
    audit: async () => {
      const audit = await runAudit();
      await writer.call("keepAudit", [audit]);
      return audit;
    },
    // This lets the calls under way finish, except audits. The writer closes last, because the last connection removes
    // the WAL.
    close: async () => {
      try {
        await closeAuditors();
        await reader.close();
      } finally {
        await writer.close();
      }
    },
  };
  return store;
}

/**
 * Empties the WAL after erasures. One truncation serves all erasures that ended before the writer begins it, because
 * each truncation waits for the disk and the writer answers its calls in order.
 */
function shareTruncations(writer: SqliteWorker<WriterFunctions>): () => Promise<void> {
  let waiting: Promise<void> | undefined;
  return () => {
    waiting ??= writer.call("truncateWal", []).finally(() => {
      waiting = undefined;
    });
    return waiting;
  };
}

/** Runs each audit in a separate thread, so that the reader's thread continues to answer. */
function createAuditors(path: string, damage: DamageWatch, startThread?: StartThread) {
  const running = new Set<SqliteWorker<AuditorFunctions>>();
  return {
    runAudit: async (): Promise<Audit> => {
      const events = { onDeath: () => undefined, onDamage: damage.found };
      const auditor = new SqliteWorker<AuditorFunctions>(moduleOf("auditor"), events, startThread);
      running.add(auditor);
      try {
        await auditor.open(path);
        return await auditor.call("recount", []);
      } finally {
        await auditor.close();
        running.delete(auditor);
      }
    },
    closeAuditors: async (): Promise<void> => {
      for (const auditor of running) auditor.abandon(new Error("the store is closed"));
      await Promise.all([...running].map((auditor) => auditor.close()));
    },
  };
}
