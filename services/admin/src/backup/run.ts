import { backupSqlite } from "@tidemark/event-store-sqlite/backup/take-backup";
import { readSettings } from "@tidemark/runtime/read-settings";
import { AdminSettings } from "@tidemark/runtime/settings";
import { chooseTarget } from "../options.ts";
import { formatBytes, writeReport } from "../report.ts";
import type { Outcome } from "../run-command.ts";
import type { BackupOptions } from "./options.ts";

/** Makes a backup of the database that the options or the settings name. */
export async function runBackup(options: BackupOptions): Promise<Outcome> {
  const target = chooseTarget(options, () => readSettings(AdminSettings));
  if (target.kind === "postgres") throw new Error("a stack is not backed up by this command yet");
  const { path, bytes, audit } = backupSqlite({ from: target.path, to: options.to, replace: options.replace });
  const report = writeReport(audit, path);
  return {
    exitCode: audit.isBalanced ? 0 : 1,
    output: `${report}\n\nThe backup ${path} is complete: ${formatBytes(bytes)}.`,
  };
}
