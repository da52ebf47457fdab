import type { NewLog } from "@tidemark/event-log-jetstream/backup/archived-frames";
import { restoreSqlite } from "@tidemark/event-store-sqlite/backup/restore-backup";
import { readSettings } from "@tidemark/runtime/read-settings";
import { BackupSettings } from "@tidemark/runtime/settings";
import { chooseTarget } from "../options.ts";
import { writeLost, writeReport } from "../report.ts";
import type { Outcome } from "../run-command.ts";
import { type StackAddresses, stackOf } from "../stack-addresses.ts";
import { nameOf } from "../verify.ts";
import type { RestoreOptions } from "./options.ts";
import { recordRestore, restoreLog, restoreStack } from "./stack.ts";

/** Restores a backup to the store that the options or the settings name. */
export async function runRestore({ nats, ...options }: RestoreOptions): Promise<Outcome> {
  const settings = readSettings(BackupSettings);
  const target = chooseTarget(options, () => settings);
  if (target.kind === "postgres") {
    const stack = stackOf(target.url, { nats, settings });
    const newLog = { maxBytes: settings.LOG_MAX_BYTES, replicas: settings.LOG_REPLICAS };
    return runStackRestore(stack, options, newLog);
  }
  const { from, replace, logOnly } = options;
  if (from === undefined || logOnly)
    throw new Error("a single has no log: --restored-to and --log-only are for a stack");
  return runSingleRestore({ from, to: target.path, replace });
}

function runSingleRestore(files: { from: string; to: string; replace: boolean }): Outcome {
  const { path, audit, replaced, lostEvents } = restoreSqlite(files);
  const parts = [
    writeReport(audit, path),
    ...(lostEvents === undefined
      ? []
      : [`Lost: ${lostEvents.toLocaleString("en-US")} events that the replaced database had received later.`]),
    ...(replaced === undefined ? [] : [`The former database is now ${replaced}. Delete it when you are sure.`]),
    `${path} is restored. Start the service.`,
  ];
  return { exitCode: audit.isBalanced ? 0 : 1, output: parts.join("\n\n") };
}

async function runStackRestore(
  stack: StackAddresses,
  { from, replace, logOnly, restoredTo }: RestoreOptions,
  newLog: NewLog,
): Promise<Outcome> {
  if (from === undefined) {
    const lost = await recordRestore(stack, { restoredTo: restoredTo ?? "", newLog });
    return { exitCode: 0, output: writeLost(lost) };
  }
  if (logOnly) {
    const { appendedFrames, lost } = await restoreLog(stack, { from, newLog, nowMs: Date.now() });
    return { exitCode: 0, output: `${describeAppended(appendedFrames)}\n${writeLost(lost)}` };
  }
  const { audit, appendedFrames, lost } = await restoreStack(stack, { from, replace, newLog });
  const report = writeReport(audit, nameOf({ kind: "postgres", url: stack.databaseUrl }));
  const parts = [report, `${describeAppended(appendedFrames)}\n${writeLost(lost)}`, "Start the services."];
  return { exitCode: audit.isBalanced ? 0 : 1, output: parts.join("\n\n") };
}

function describeAppended(frames: number): string {
  return `Frames of the backup that the database did not have, and that are in the log now: ${frames.toLocaleString("en-US")}.`;
}
