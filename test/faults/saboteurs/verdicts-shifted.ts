import { DUPLICATE } from "@tidemark/shared/verdict";
import { runSabotagedConsumer } from "./consumer-root.ts";

/** Sends each event the verdict of its neighbour; the last of a frame, which has none, hears that it is a duplicate. */
await runSabotagedConsumer(({ signals }) => ({
  signals: {
    address: signals.address,
    onVerdicts: (listener) => signals.onVerdicts(listener),
    sendHeartbeat: (heartbeat) => signals.sendHeartbeat(heartbeat),
    onHeartbeat: (listener) => signals.onHeartbeat(listener),
    sendCommit: () => signals.sendCommit(),
    onCommit: (listener) => signals.onCommit(listener),
    sendVerdicts(address, { frameId, verdicts }) {
      signals.sendVerdicts(address, { frameId, verdicts: verdicts.slice(1) + DUPLICATE });
    },
  },
}));
