import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { readSettings } from "@tidemark/runtime/read-settings";
import { AccessSettings } from "@tidemark/runtime/settings";
import { KEYS_COMMAND } from "./options.ts";
import { runKeysCommand } from "./run.ts";

const args = process.argv.slice(2);
const options = commandLineOrExit(KEYS_COMMAND, args.length === 0 ? ["--help"] : args);
const { exitCode, output, fault } = await runKeysCommand(options, {
  nowMs: Date.now(),
  readSettings: () => readSettings(AccessSettings),
});
if (output !== undefined) process.stdout.write(`${output}\n`);
if (fault !== undefined) process.stderr.write(`${fault}\n`);
process.exitCode = exitCode;
