import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { IMPORT_COMMAND } from "../archive/options.ts";
import { runCommand } from "../run-command.ts";
import { runImport } from "./run.ts";

const options = commandLineOrExit(IMPORT_COMMAND);
await runCommand("import", () => runImport(options));
