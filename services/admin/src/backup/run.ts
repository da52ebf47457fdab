import { backupSqlite } from "@tidemark/event-store-sqlite/backup/take-backup";
import { readSettings } from "@tidemark/runtime/read-settings";
import { BackupSettings } from "@tidemark/runtime/settings";
import { chooseTarget } from "../options.ts";
import { formatBytes, writeArchiveReport, writeReport } from "../report.ts";
import type { Outcome } from "../run-command.ts";
import { stackOf } from "../stack-addresses.ts";
import type { BackupOptions } from "./options.ts";
import { backupStack } from "./stack.ts";

/** Makes a backup of the store that the options or the settings name. */
export async function runBackup({ to, replace, nats, ...options }: BackupOptions): Promise<Outcome> {
  const settings = readSettings(BackupSettings);
  const target = chooseTarget(options, () => settings);
  if (target.kind === "postgres") {
    const written = await backupStack(stackOf(target.url, { nats, settings }), { to, replace });
    return { exitCode: written.end.audit.isBalanced ? 0 : 1, output: writeArchiveReport(written) };
  }
  const { path, bytes, audit } = backupSqlite({ from: target.path, to, replace });
  const report = writeReport(audit, path);
  return {
    exitCode: audit.isBalanced ? 0 : 1,
    output: `${report}\n\nThe backup ${path} is complete: ${formatBytes(bytes)}.`,
  };
}
