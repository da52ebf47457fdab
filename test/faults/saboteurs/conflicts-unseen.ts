import { CONFLICT, DUPLICATE } from "@tidemark/domain/verdict";
import { changeVerdicts, runSabotagedConsumer } from "./consumer-root.ts";

/** Tells whose event differs from the stored one that it is a plain duplicate. */
await runSabotagedConsumer(({ signals }) => ({
  signals: changeVerdicts(signals, (verdicts) => verdicts.replaceAll(CONFLICT, DUPLICATE)),
}));
