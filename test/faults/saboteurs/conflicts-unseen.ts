import { CONFLICT, DUPLICATE } from "@tidemark/shared/verdict";
import { runSabotagedConsumer } from "./consumer-root.ts";

/** Tells whose event differs from the stored one that it is a plain duplicate. */
await runSabotagedConsumer(({ signals }) => ({
  signals: {
    address: signals.address,
    onVerdicts: (listener) => signals.onVerdicts(listener),
    sendHeartbeat: (heartbeat) => signals.sendHeartbeat(heartbeat),
    onHeartbeat: (listener) => signals.onHeartbeat(listener),
    sendCommit: () => signals.sendCommit(),
    onCommit: (listener) => signals.onCommit(listener),
    sendVerdicts(address, { frameId, verdicts }) {
      signals.sendVerdicts(address, { frameId, verdicts: verdicts.replaceAll(CONFLICT, DUPLICATE) });
    },
  },
}));
