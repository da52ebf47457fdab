import { DUPLICATE } from "@tidemark/domain/verdict";
import { changeVerdicts, runSabotagedConsumer } from "./consumer-root.ts";

/** A consumer that sends each event the verdict of the next one; the last event of a frame becomes a duplicate. */
await runSabotagedConsumer(({ signals }) => ({
  signals: changeVerdicts(signals, (verdicts) => verdicts.slice(1) + DUPLICATE),
}));
