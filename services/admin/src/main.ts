import { AdminSettings, InvalidSettings, readSettings } from "@tidemark/shared/config";
import { InvalidArguments, type Options, readOptions, USAGE } from "./options.ts";
import { verify } from "./verify.ts";

const COULD_NOT_EXIT_CODE = 2;

const options = optionsOrExit(process.argv.slice(2));
const { exitCode, output, fault } = await verify(options);
if (output !== undefined) process.stdout.write(`${output}\n`);
if (fault !== undefined) process.stderr.write(`${fault}\n`);
process.exitCode = exitCode;

function optionsOrExit(args: string[]): Options {
  try {
    const read = readOptions(args, () => readSettings(AdminSettings));
    if (read !== undefined) return read;
    process.stdout.write(USAGE);
    return process.exit(0);
  } catch (error) {
    if (!(error instanceof InvalidArguments || error instanceof InvalidSettings)) throw error;
    process.stderr.write(`${error.message}\n\nSee --help.\n`);
    return process.exit(COULD_NOT_EXIT_CODE);
  }
}
