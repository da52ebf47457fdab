import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { runCommand } from "../run-command.ts";
import { VACUUM_COMMAND } from "./options.ts";
import { runVacuum } from "./run.ts";

const options = commandLineOrExit(VACUUM_COMMAND);
await runCommand("vacuum the file", () => runVacuum(options));
