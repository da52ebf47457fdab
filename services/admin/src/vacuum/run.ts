import { resolve } from "node:path";
import { vacuumSqlite } from "@tidemark/event-store-sqlite/maintain/vacuum";
import { readSettings } from "@tidemark/runtime/read-settings";
import { AdminSettings } from "@tidemark/runtime/settings";
import { formatBytes } from "../report.ts";
import type { Outcome } from "../run-command.ts";
import type { VacuumOptions } from "./options.ts";

/** Vacuums the file that the options or the settings name. */
export function runVacuum({ sqlite }: VacuumOptions): Outcome {
  const path = sqlite ?? readSettings(AdminSettings).DATABASE_PATH;
  const { bytesBefore, bytesAfter } = vacuumSqlite(path);
  return {
    exitCode: 0,
    output: `${resolve(path)}: ${formatBytes(bytesBefore)} before, ${formatBytes(bytesAfter)} now`,
  };
}
