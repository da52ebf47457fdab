import { countEvents } from "@tidemark/domain/frame";
import type { Audit, Auditor } from "@tidemark/event-store/audit";
import type { DeadLetterQuery, DeadLetterStore, Redriven, UnreadableFrame } from "@tidemark/event-store/dead-letters";
import type { DuplicateQuery, DuplicateReader } from "@tidemark/event-store/duplicates";
import type { Applied, AppliedDelivery, BooksQuery, EventQuery, EventStore } from "@tidemark/event-store/event-store";
import type { PruneDuplicates, PruneFrames, Pruner } from "@tidemark/event-store/pruning";
import type { Logger } from "@tidemark/telemetry/logger";
import type { ApplyCall, PackedFrame } from "./apply/apply.ts";
import type { AuditorMethods } from "./worker/auditor.worker.ts";
import type { ReaderMethods } from "./worker/reader.worker.ts";
import { SqliteWorker } from "./worker/worker.ts";
import type { WriterMethods } from "./worker/writer.worker.ts";

export interface SqliteEventStoreOptions {
  /** The database file; it and its directory are made where they are missing. */
  path: string;
  log: Logger;
}

/**
 * The store of a single process: one SQLite file, written by one thread and read by another, so that neither keeps the
 * HTTP thread waiting, nor a page a commit (docs/decisions/0005-readers-beside-the-writer.md).
 *
 * @throws {Error} naming the path and the fix, when the file cannot be written or another process has it
 */
export async function openSqliteEventStore({ path, log }: SqliteEventStoreOptions): Promise<SqliteEventStore> {
  // One thread without the other would limp: reads that never change, or commits nobody can see. Without both, a process
  // would wait for a store that never comes back; thrown where nobody can catch it, the cause ends it instead.
  const onDeath = (cause: Error) => {
    log.fatal({ err: cause, path }, "a thread of the store died; the process ends");
    writer.abandon(cause);
    reader.abandon(cause);
    queueMicrotask(() => {
      throw cause;
    });
  };
  const writer = new SqliteWorker<WriterMethods>(new URL("./worker/writer.worker.ts", import.meta.url), onDeath);
  const reader = new SqliteWorker<ReaderMethods>(new URL("./worker/reader.worker.ts", import.meta.url), onDeath);
  const store = new SqliteEventStore(path, writer, reader);
  try {
    await writer.call("open", [path]);
    await reader.call("open", [path]);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

type SqliteStore = EventStore & DeadLetterStore & DuplicateReader & Auditor & Pruner;

class SqliteEventStore implements SqliteStore {
  readonly #path: string;
  readonly #writer: SqliteWorker<WriterMethods>;
  readonly #reader: SqliteWorker<ReaderMethods>;
  /** Those at work. */
  readonly #auditors = new Set<SqliteWorker<AuditorMethods>>();

  constructor(path: string, writer: SqliteWorker<WriterMethods>, reader: SqliteWorker<ReaderMethods>) {
    this.#path = path;
    this.#writer = writer;
    this.#reader = reader;
  }

  async apply(deliveries: AppliedDelivery[], { maxNamed }: { maxNamed: number }): Promise<Applied> {
    if (deliveries.length === 0) return { frames: [], dropped: [] };
    const { call, buffer } = packCall(deliveries, maxNamed);
    return this.#writer.call("apply", [call], [buffer]);
  }

  listEvents(query: EventQuery) {
    return this.#reader.call("listEvents", [query]);
  }

  readTip() {
    return this.#reader.call("readTip", []);
  }

  findEvent(topic: string, eventId: string) {
    return this.#reader.call("findEvent", [topic, eventId]);
  }

  findFrame(frameId: string) {
    return this.#reader.call("findFrame", [frameId]);
  }

  readBooks(query: BooksQuery) {
    return this.#reader.call("readBooks", [query]);
  }

  listDuplicates(query: DuplicateQuery) {
    return this.#reader.call("listDuplicates", [query]);
  }

  listDeadLetters(query: DeadLetterQuery) {
    return this.#reader.call("listDeadLetters", [query]);
  }

  redrive(id: string): Promise<Redriven | undefined> {
    return this.#writer.call("redrive", [id]);
  }

  deleteDeadLetter(id: string) {
    return this.#writer.call("deleteDeadLetter", [id]);
  }

  bury(frame: UnreadableFrame): Promise<Applied> {
    const content = new Uint8Array(frame.content);
    return this.#writer.call("bury", [{ ...frame, content }], [content.buffer]);
  }

  readDurability() {
    return this.#writer.call("readDurability", []);
  }

  /** In a thread of its own, for as long as it takes: the reader's goes on answering. */
  async audit(): Promise<Audit> {
    const auditor = new SqliteWorker<AuditorMethods>(new URL("./worker/auditor.worker.ts", import.meta.url), () => {});
    this.#auditors.add(auditor);
    try {
      const audit = await auditor.call("recount", [this.#path]);
      await this.#writer.call("keepAudit", [audit]);
      return audit;
    } finally {
      await auditor.close();
      this.#auditors.delete(auditor);
    }
  }

  pruneDuplicates(options: PruneDuplicates) {
    return this.#writer.call("pruneDuplicates", [options]);
  }

  pruneFrames(options: PruneFrames) {
    return this.#writer.call("pruneFrames", [options]);
  }

  ping() {
    return this.#reader.call("ping", []);
  }

  /**
   * Lets calls under way finish, but for audits. The writer closes last: the last connection is the one that can put the
   * WAL away.
   */
  async close(): Promise<void> {
    try {
      for (const auditor of this.#auditors) auditor.abandon(new Error("the store is closed"));
      await Promise.all([...this.#auditors].map((auditor) => auditor.close()));
      await this.#reader.close();
    } finally {
      await this.#writer.close();
    }
  }
}

/**
 * Copies the frames' texts into one buffer that then changes threads without another copy. The frames themselves stay
 * here whole: after a failure the same ones are applied again. Copying takes 0.03 µs an event, SQLite some 3.
 */
function packCall(deliveries: AppliedDelivery[], maxNamed: number): { call: ApplyCall; buffer: ArrayBuffer } {
  const buffer = new ArrayBuffer(deliveries.reduce((sum, { frame }) => sum + frame.events.length, 0));
  const bytes = new Uint8Array(buffer);
  let at = 0;
  const frames = deliveries.map(({ frame, origin }): PackedFrame => {
    const start = at;
    bytes.set(frame.events, start);
    at += frame.events.length;
    return {
      id: frame.id,
      incarnation: origin.incarnation,
      sequence: origin.sequence,
      receivedAtMs: frame.receivedAtMs,
      events: countEvents(frame),
      start,
      end: at,
    };
  });
  return { call: { frames, bytes, maxNamed }, buffer };
}
