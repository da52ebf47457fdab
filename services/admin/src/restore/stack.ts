import type { LogSnapshot } from "@tidemark/event-log/event-log";
import {
  type ArchivedFrame,
  appendArchived,
  type NewLog,
  prepareLog,
} from "@tidemark/event-log-jetstream/backup/archived-frames";
import type { JetstreamConnection } from "@tidemark/event-log-jetstream/connection";
import type { Audit } from "@tidemark/event-store/audit";
import type { LastRestore } from "@tidemark/event-store/books";
import { type RestoredStore, withRestoredStore } from "@tidemark/event-store-postgres/archive/restored-store";
import { type ArchiveReader, openArchive } from "../archive/archive-reader.ts";
import { importRows } from "../archive/archive-store.ts";
import { type StackAddresses, withLog } from "../stack-addresses.ts";
import { listenForParts, type PartsHeard } from "./listen-for-parts.ts";
import { type Appended, countLosses, NOTHING_APPENDED } from "./lost.ts";

interface StackRestore {
  audit: Audit;
  appendedFrames: number;
  lost: LastRestore;
}

/**
 * Restores a backup of a stack. Gateways and consumers must be stopped, because frames that move meanwhile could not be
 * counted.
 *
 * The database is filled in one transaction. Then the frames of the backup that it lacks are appended to the log, and
 * the losses are recorded. A restore that was interrupted is repeated from its beginning, and the ledger recognises a
 * frame that was appended twice.
 */
export async function restoreStack(
  stack: StackAddresses,
  { from, replace, newLog }: { from: string; replace: boolean; newLog: NewLog },
): Promise<StackRestore> {
  const archive = await openArchive(from);
  if (archive.header.store !== "postgres") {
    throw new Error(`${archive.path} is not a backup of a stack: use npm run import`);
  }
  return withStoppedStack(stack, async (connection, heard) => {
    const { audit } = await importRows({ kind: "postgres", url: stack.databaseUrl }, archive, { replace });
    return withRestoredStore(stack.databaseUrl, async (store) => {
      const log = await prepareLog(connection, newLog);
      const appended = await appendMissing(archive, { connection, store, log });
      const backup = { backedUpAt: archive.end().taken_at, generation: archive.header.log?.generation };
      const after = await prepareLog(connection, newLog);
      const losses = await countLosses({ store, heard, appended, generation: backup.generation, log: after });
      const lost = await store.recordRestore({ backedUpAt: backup.backedUpAt, losses });
      return { audit, appendedFrames: appended.frames, lost };
    });
  });
}

/**
 * Appends the frames of a backup to the log of a stack that lost only its log, and whose database needs no restore. The
 * backup must be younger than the rows of the ledger, which would not recognise older frames.
 */
export async function restoreLog(
  stack: StackAddresses,
  { from, newLog, nowMs }: { from: string; newLog: NewLog; nowMs: number },
): Promise<Omit<StackRestore, "audit">> {
  const archive = await openArchive(from);
  const ageMs = nowMs - Date.parse(archive.header.made_at);
  if (ageMs > MAX_LOG_AGE_MS) {
    throw new Error(
      `${archive.path} is older than a day: the ledger no longer recognises its frames, and would count their events as ` +
        "duplicates. Restore the database as well, or continue without the frames",
    );
  }
  await assertComplete(archive);
  return withStoppedStack(stack, (connection, heard) =>
    withRestoredStore(stack.databaseUrl, async (store) => {
      const log = await prepareLog(connection, newLog);
      const appended = await appendMissing(archive, { connection, store, log });
      const after = await prepareLog(connection, newLog);
      const { generation } = archive.header.log ?? {};
      const losses = await countLosses({ store, heard, appended, generation, log: after });
      const lost = await store.recordRestore({ backedUpAt: archive.header.made_at, losses });
      return { appendedFrames: appended.frames, lost };
    }),
  );
}

// The ledger keeps a row for at least a day. The margin allows for clocks that differ.
const MAX_LOG_AGE_MS = 23 * 60 * 60 * 1_000;

/**
 * Records the losses after another program restored a database to an earlier time, for example from its write-ahead
 * log.
 */
export async function recordRestore(
  stack: StackAddresses,
  { restoredTo, newLog }: { restoredTo: string; newLog: NewLog },
): Promise<LastRestore> {
  return withStoppedStack(stack, (connection, heard) =>
    withRestoredStore(stack.databaseUrl, async (store) => {
      const log = await prepareLog(connection, newLog);
      const losses = await countLosses({ store, heard, appended: NOTHING_APPENDED, generation: undefined, log });
      return store.recordRestore({ backedUpAt: restoredTo, losses });
    }),
  );
}

async function withStoppedStack<Result>(
  stack: StackAddresses,
  work: (connection: JetstreamConnection, heard: PartsHeard) => Promise<Result>,
): Promise<Result> {
  return withLog(stack, { name: "restore" }, async (connection) => {
    const heard = await listenForParts(connection);
    if (heard.running.length > 0) throw new Error(`still running: ${heard.running.join(", ")}; stop all of them first`);
    return work(connection, heard);
  });
}

/** Reads an archive to its end, before any part of it is used. @throws {Error} if it is damaged or not complete */
async function assertComplete(archive: ArchiveReader): Promise<void> {
  for await (const _ of archive.readRows());
}

/** Appends the frames of the backup that are neither in the ledger nor in the log. */
async function appendMissing(
  archive: ArchiveReader,
  { connection, store, log }: { connection: JetstreamConnection; store: RestoredStore; log: LogSnapshot },
): Promise<Appended> {
  const appended = { frames: 0, events: new Map<string, number>() };
  const isHeld = ({ generation, sequence }: ArchivedFrame) =>
    generation === log.generation && log.held?.some(({ first, last }) => first <= sequence && sequence <= last);
  for await (const lines of archive.readFrames()) {
    const frames = lines.map((line) => JSON.parse(line) as ArchivedFrame);
    const known = await store.findApplied(frames.map(({ frame_id: frameId }) => frameId));
    for (const frame of frames) {
      if (known.has(frame.frame_id) || isHeld(frame)) continue;
      await appendArchived(connection, frame);
      appended.frames++;
      appended.events.set(frame.generation, (appended.events.get(frame.generation) ?? 0) + frame.events);
    }
  }
  return appended;
}
