import { PublisherSettings, readSettings } from "@tidemark/shared/config";
import { settingsOrExit } from "@tidemark/shared/lifecycle";
import { listenForInterrupt } from "./interrupt.ts";
import { InvalidArguments, type Options, readOptions, USAGE } from "./options.ts";
import { startProgress } from "./progress.ts";
import { run } from "./run.ts";

const WRONG_ARGUMENTS_EXIT_CODE = 2;

const settings = settingsOrExit(() => readSettings(PublisherSettings));
const options = optionsOrExit(process.argv.slice(2), settings.AGGREGATOR_URL);

process.exitCode = await run({
  ...options,
  apiKey: settings.API_KEY,
  interruption: listenForInterrupt(),
  progress: startProgress(options.plan.events),
  print: (text) => process.stdout.write(`${text}\n`),
});

function optionsOrExit(args: string[], defaultUrl: string): Options {
  try {
    const read = readOptions(args, defaultUrl);
    if (read !== undefined) return read;
    process.stdout.write(USAGE);
    return process.exit(0);
  } catch (error) {
    if (!(error instanceof InvalidArguments)) throw error;
    process.stderr.write(`${error.message}\n\nSee --help.\n`);
    return process.exit(WRONG_ARGUMENTS_EXIT_CODE);
  }
}
