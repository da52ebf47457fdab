import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { InvalidSettings, readSettings } from "@tidemark/runtime/read-settings";
import { AdminSettings } from "@tidemark/runtime/settings";
import { chooseTarget, type Target, VERIFY_COMMAND, type VerifyOptions } from "./options.ts";
import { verify } from "./verify.ts";

const WRONG_SETTINGS_EXIT_CODE = 2;

const args = process.argv.slice(2);
const options = commandLineOrExit(VERIFY_COMMAND, args.length === 0 ? ["--help"] : args);
const { exitCode, output, fault } = await verify({ target: targetOrExit(options), isJson: options.json });
if (output !== undefined) process.stdout.write(`${output}\n`);
if (fault !== undefined) process.stderr.write(`${fault}\n`);
process.exitCode = exitCode;

function targetOrExit(options: VerifyOptions): Target {
  try {
    return chooseTarget(options, () => readSettings(AdminSettings));
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(WRONG_SETTINGS_EXIT_CODE);
  }
}
