import { refuseDatabaseItself } from "@tidemark/event-store-sqlite/backup/take-backup";
import { readSettings } from "@tidemark/runtime/read-settings";
import { AdminSettings } from "@tidemark/runtime/settings";
import { archiveRows } from "../archive/archive-store.ts";
import { writeArchive } from "../archive/archive-writer.ts";
import { ARCHIVE_VERSION } from "../archive/format.ts";
import type { ExportOptions } from "../archive/options.ts";
import { chooseTarget } from "../options.ts";
import { writeArchiveReport } from "../report.ts";
import type { Outcome } from "../run-command.ts";

/** Writes all rows of the store that the options or the settings name into an archive. */
export async function runExport({ to, replace, ...options }: ExportOptions): Promise<Outcome> {
  const target = chooseTarget(options, () => readSettings(AdminSettings));
  if (target.kind === "sqlite") refuseDatabaseItself(target.path, to);
  const header = {
    tidemark_archive: ARCHIVE_VERSION,
    made_at: new Date().toISOString(),
    store: target.kind,
  };
  const written = await writeArchive({ to, replace, header, write: (writer) => archiveRows(target, writer) });
  return { exitCode: written.end.audit.isBalanced ? 0 : 1, output: writeArchiveReport(written) };
}
