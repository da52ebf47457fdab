import { runSabotagedConsumer } from "./consumer-root.ts";

/** Sends each event the verdict of its neighbour: the sums stay right, the answers are of other requests. */
await runSabotagedConsumer(({ signals }) => ({
  signals: {
    address: signals.address,
    onVerdicts: (listener) => signals.onVerdicts(listener),
    sendHeartbeat: (heartbeat) => signals.sendHeartbeat(heartbeat),
    onHeartbeat: (listener) => signals.onHeartbeat(listener),
    sendVerdicts(address, { frameId, verdicts }) {
      signals.sendVerdicts(address, { frameId, verdicts: verdicts.slice(1) + verdicts.slice(0, 1) });
    },
  },
}));
