import { Unavailable } from "@tidemark/domain/errors";
import type { EventLog } from "@tidemark/event-log/event-log";
import type { Signals } from "@tidemark/event-log/signals";

/** What a gateway needs of a log. */
export type GatewayLog = Pick<EventLog, "append" | "snapshot" | "ping" | "maxFrameBytes">;
export type GatewaySignals = Pick<Signals, "address" | "onVerdicts" | "onHeartbeat">;

/** A log, the signals beside it, and how to close both. */
export interface Broker {
  eventLog: GatewayLog;
  signals: GatewaySignals;
  close: () => Promise<void>;
}

export interface LateLog {
  /** Every method throws `log_unreachable` until the log is there. */
  eventLog: GatewayLog;
  /** Listeners hear as soon as there is something to hear. */
  signals: GatewaySignals;
  /** Rejects with what kept the log from being opened. */
  opened: Promise<void>;
  close: () => Promise<void>;
}

/**
 * Opens a log in the background, so that a gateway that is started before its broker answers at once: that it lives, that
 * it is not ready, and to producers that nothing was taken.
 */
export function openLater(open: () => Promise<Broker>): LateLog {
  let broker: Broker | undefined;
  const opening = open().then((found) => {
    broker = found;
    return found;
  });
  const opened = opening.then(() => undefined);
  opened.catch(() => undefined); // it may fail before anybody waits for it, and says so to who does

  const whenOpen = (use: (broker: Broker) => void) => void opening.then(use, () => undefined);

  function eventLog(): GatewayLog {
    if (broker !== undefined) return broker.eventLog;
    throw new Unavailable({ code: "log_unreachable", detail: "the log is not there yet" });
  }

  return {
    eventLog: {
      get maxFrameBytes() {
        return broker?.eventLog.maxFrameBytes ?? Number.MAX_SAFE_INTEGER;
      },
      append: async (frame) => eventLog().append(frame),
      snapshot: async () => eventLog().snapshot(),
      ping: async () => eventLog().ping(),
    },
    signals: {
      get address() {
        return broker?.signals.address ?? "";
      },
      onVerdicts: (listener) => whenOpen(({ signals }) => signals.onVerdicts(listener)),
      onHeartbeat: (listener) => whenOpen(({ signals }) => signals.onHeartbeat(listener)),
    },
    opened,
    close: async () => broker?.close(),
  };
}
