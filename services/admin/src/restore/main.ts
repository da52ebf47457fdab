import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { runCommand } from "../run-command.ts";
import { RESTORE_COMMAND } from "./options.ts";
import { runRestore } from "./run.ts";

const options = commandLineOrExit(RESTORE_COMMAND);
await runCommand("restore the backup", () => runRestore(options));
