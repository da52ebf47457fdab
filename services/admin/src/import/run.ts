import { readSettings } from "@tidemark/runtime/read-settings";
import { AdminSettings } from "@tidemark/runtime/settings";
import { openArchive } from "../archive/archive-reader.ts";
import { importRows } from "../archive/archive-store.ts";
import type { ImportOptions } from "../archive/options.ts";
import { chooseTarget } from "../options.ts";
import { writeReport } from "../report.ts";
import type { Outcome } from "../run-command.ts";
import { nameOf } from "../verify.ts";

/** Fills the store that the options or the settings name from an archive. */
export async function runImport({ from, replace, ...options }: ImportOptions): Promise<Outcome> {
  const target = chooseTarget(options, () => readSettings(AdminSettings));
  const archive = await openArchive(from);
  const frames = archive.header.log?.frames ?? 0;
  if (frames > 0) throw new Error(`${archive.path} is a backup with ${frames} frames of the log: use npm run restore`);
  const { audit, replaced } = await importRows(target, archive, { replace });
  const parts = [
    writeReport(audit, nameOf(target)),
    ...(replaced === undefined ? [] : [`The former database is now ${replaced}. Delete it when you are sure.`]),
    "The recount equals that of the export.",
  ];
  return { exitCode: audit.isBalanced ? 0 : 1, output: parts.join("\n\n") };
}
