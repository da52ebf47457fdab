import { restoreSqlite } from "@tidemark/event-store-sqlite/backup/restore-backup";
import { readSettings } from "@tidemark/runtime/read-settings";
import { AdminSettings } from "@tidemark/runtime/settings";
import { chooseTarget } from "../options.ts";
import { writeReport } from "../report.ts";
import type { Outcome } from "../run-command.ts";
import type { RestoreOptions } from "./options.ts";

/** Restores a backup to the database that the options or the settings name. */
export async function runRestore(options: RestoreOptions): Promise<Outcome> {
  const target = chooseTarget(options, () => readSettings(AdminSettings));
  if (target.kind === "postgres") throw new Error("a stack is not restored by this command yet");
  const { path, audit, replaced } = restoreSqlite({ from: options.from, to: target.path, replace: options.replace });
  const parts = [
    writeReport(audit, path),
    ...(replaced === undefined ? [] : [`The database that was there is now ${replaced}. Delete it when you are sure.`]),
    `${path} is restored. Start the service.`,
  ];
  return { exitCode: audit.isBalanced ? 0 : 1, output: parts.join("\n\n") };
}
