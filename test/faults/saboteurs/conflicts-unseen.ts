import { CONFLICT, DUPLICATE } from "@tidemark/domain/verdict";
import { changeVerdicts, runSabotagedConsumer } from "./consumer-root.ts";

/** A consumer that reports a conflict as a plain duplicate. */
await runSabotagedConsumer(({ signals }) => ({
  signals: changeVerdicts(signals, (verdicts) => verdicts.replaceAll(CONFLICT, DUPLICATE)),
}));
