import { DUPLICATE } from "@tidemark/domain/verdict";
import { changeVerdicts, runSabotagedConsumer } from "./consumer-root.ts";

/** Sends each event the verdict of its neighbour; the last of a frame, which has none, hears that it is a duplicate. */
await runSabotagedConsumer(({ signals }) => ({
  signals: changeVerdicts(signals, (verdicts) => verdicts.slice(1) + DUPLICATE),
}));
