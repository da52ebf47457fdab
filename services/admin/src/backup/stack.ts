import { readFrames, readLog } from "@tidemark/event-log-jetstream/backup/archived-frames";
import { archiveRows } from "../archive/archive-store.ts";
import { type ArchiveWriter, writeArchive } from "../archive/archive-writer.ts";
import { ARCHIVE_VERSION } from "../archive/format.ts";
import { type StackAddresses, withLog } from "../stack-addresses.ts";

/**
 * Makes a backup of a stack: first the frames of the log, then one snapshot of the database.
 *
 * Frames move from the log into the database, so with this order each frame is in at least one of the two. The other
 * order would lose the frames that move in between. The ledger, which is in the snapshot, recognises a frame that is in
 * both.
 */
export async function backupStack(stack: StackAddresses, { to, replace }: { to: string; replace: boolean }) {
  return withLog(stack, { name: "backup" }, async (connection) => {
    const log = await readLog(connection);
    const header = {
      tidemark_archive: ARCHIVE_VERSION,
      made_at: new Date().toISOString(),
      store: "postgres" as const,
      ...(log === undefined ? {} : { log: describe(log) }),
    };
    const write = async (writer: ArchiveWriter) => {
      await writer.beginFrames();
      let frames = 0;
      if (log !== undefined) {
        for await (const frame of readFrames(connection, log)) {
          await writer.write(`${JSON.stringify(frame)}\n`);
          frames++;
        }
      }
      const { rows, ...end } = await archiveRows({ kind: "postgres", url: stack.databaseUrl }, writer);
      return { ...end, rows: { log_frames: frames, ...rows } };
    };
    return writeArchive({ to, replace, header, write });
  });
}

function describe({ generation, lastSequence, frames, events }: NonNullable<Awaited<ReturnType<typeof readLog>>>) {
  return { generation, last_sequence: lastSequence, frames, events };
}
