import { commandLineOrExit } from "@tidemark/runtime/command-line";
import { settingsOrExit } from "@tidemark/runtime/lifecycle";
import { readSettings } from "@tidemark/runtime/read-settings";
import { PublisherSettings } from "@tidemark/runtime/settings";
import { listenForInterrupt } from "./interrupt.ts";
import { createPlan, PUBLISHER_COMMAND } from "./options.ts";
import { startProgress } from "./progress.ts";
import { run } from "./run.ts";

const settings = settingsOrExit(() => readSettings(PublisherSettings));
const options = commandLineOrExit(PUBLISHER_COMMAND);

const plan = createPlan(options);

process.exitCode = await run({
  ...options,
  plan,
  url: new URL(options.url ?? settings.AGGREGATOR_URL),
  apiKey: settings.API_KEY,
  interruption: listenForInterrupt(),
  progress: startProgress(plan.events),
  print: (text) => process.stdout.write(`${text}\n`),
});
