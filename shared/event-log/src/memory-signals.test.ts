import { describeSignals } from "./contract/signals-contract.ts";
import { createMemorySignals } from "./memory-signals.ts";

describeSignals("signals in memory", async () => {
  const signals = createMemorySignals();
  return { gateway: signals, consumer: signals, settle: async () => {}, close: async () => {} };
});
