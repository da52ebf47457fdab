import type { ArchiveSink } from "@tidemark/event-store/archive/archive-tables";
import type { Audit } from "@tidemark/event-store/audit";
import { withPostgresSnapshot } from "@tidemark/event-store-postgres/archive/read-archive";
import { importPostgres } from "@tidemark/event-store-postgres/archive/write-archive";
import { archiveSqlite } from "@tidemark/event-store-sqlite/archive/read-archive";
import { importSqlite } from "@tidemark/event-store-sqlite/archive/write-archive";
import type { Target } from "../options.ts";
import type { ArchiveReader } from "./archive-reader.ts";
import type { ArchiveEnd } from "./format.ts";

/** Writes all rows of a store, in one snapshot. */
export async function archiveRows(target: Target, sink: ArchiveSink): Promise<ArchiveEnd> {
  if (target.kind === "sqlite") {
    const archived = await archiveSqlite(target.path, sink);
    return { taken_at: archived.takenAt, ...endOf(archived) };
  }
  return withPostgresSnapshot({ url: target.url }, async ({ takenAt, writeTo }) => ({
    taken_at: takenAt,
    ...endOf(await writeTo(sink)),
  }));
}

function endOf({ rows, audit }: { rows: Record<string, number>; audit: Audit }) {
  const { booked, counted, isBalanced } = audit;
  return { rows, audit: { booked, counted, isBalanced } };
}

/** Fills a store with all rows of an archive or with none. */
export async function importRows(
  target: Target,
  archive: ArchiveReader,
  { replace }: { replace: boolean },
): Promise<{ audit: Audit; replaced?: string }> {
  const check = (audit: Audit) => assertSame(audit, archive.end());
  if (target.kind === "postgres") {
    return { audit: await importPostgres({ url: target.url, replace, readRows: () => archive.readRows(), check }) };
  }
  return importSqlite({ path: target.path, replace, rows: archive.readRows(), check });
}

const KINDS = ["stored", "duplicates", "conflicts", "deadLettered"] as const;

/** Asserts that the recount after the import equals that of the snapshot, even if the snapshot did not balance. */
function assertSame(audit: Audit, { audit: archived }: ArchiveEnd): void {
  for (const side of ["booked", "counted"] as const) {
    for (const kind of KINDS) {
      if (audit[side][kind] === archived[side][kind]) continue;
      throw new Error(
        `the recount differs from that of the archive: ${audit[side][kind]} ${kind} are ${side}, not ${archived[side][kind]}`,
      );
    }
  }
}
