import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { EXPORT_COMMAND } from "../archive/options.ts";
import { runCommand } from "../run-command.ts";
import { runExport } from "./run.ts";

const options = commandLineOrExit(EXPORT_COMMAND);
await runCommand("export", () => runExport(options));
