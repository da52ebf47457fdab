import { InvalidArguments } from "./options.ts";

const WRONG_ARGUMENTS_EXIT_CODE = 2;

/** What the command line of this process asks for. Ends the process where that is help, or wrong. */
export function optionsOrExit<Options>(read: (args: string[]) => Options | undefined, usage: string): Options {
  try {
    const options = read(process.argv.slice(2));
    if (options !== undefined) return options;
    process.stdout.write(usage);
    return process.exit(0);
  } catch (error) {
    if (!(error instanceof InvalidArguments)) throw error;
    process.stderr.write(`${error.message}\n\n${usage}`);
    return process.exit(WRONG_ARGUMENTS_EXIT_CODE);
  }
}
