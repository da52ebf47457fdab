import type { GatewayHeartbeat, GatewayHeartbeatListener, Heartbeat, Signals, VerdictMessage } from "./signals.ts";

/** Signals within one process. Listeners are called after the sender has returned, as over a network. */
export function createMemorySignals(): Signals {
  const verdictListeners: ((message: VerdictMessage) => void)[] = [];
  const heartbeatListeners: ((heartbeat: Heartbeat) => void)[] = [];
  const gatewayListeners: GatewayHeartbeatListener[] = [];
  const lastOfGateways = new Map<string, GatewayHeartbeat>();
  const commitListeners = new Set<() => void>();
  const address = "here";
  return {
    address,
    sendVerdicts(to, message) {
      if (to !== address) return;
      for (const listener of verdictListeners) queueMicrotask(() => listener(message));
    },
    onVerdicts: (listener) => void verdictListeners.push(listener),
    sendHeartbeat(heartbeat) {
      for (const listener of heartbeatListeners) queueMicrotask(() => listener(heartbeat));
    },
    onHeartbeat: (listener) => void heartbeatListeners.push(listener),
    sendGatewayHeartbeat(heartbeat) {
      lastOfGateways.set(heartbeat.gatewayId, heartbeat);
      for (const listener of gatewayListeners) queueMicrotask(() => listener(heartbeat, false));
    },
    onGatewayHeartbeat(listener) {
      gatewayListeners.push(listener);
      for (const heartbeat of lastOfGateways.values()) queueMicrotask(() => listener(heartbeat, true));
    },
    sendCommit() {
      for (const listener of commitListeners) queueMicrotask(listener);
    },
    onCommit(listener) {
      commitListeners.add(listener);
      return () => void commitListeners.delete(listener);
    },
  };
}
