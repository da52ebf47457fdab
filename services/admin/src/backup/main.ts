import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { runCommand } from "../run-command.ts";
import { BACKUP_COMMAND } from "./options.ts";
import { runBackup } from "./run.ts";

const options = commandLineOrExit(BACKUP_COMMAND);
await runCommand("make the backup", () => runBackup(options));
