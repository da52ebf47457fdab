import type { Durability } from "@tidemark/domain/durability";
import { Unavailable } from "@tidemark/domain/errors";
import type { EventLog, LogSnapshot } from "@tidemark/event-log/event-log";
import type { Signals } from "@tidemark/event-log/signals";

/** What queries need of a broker, and how to close it. */
export interface Broker {
  eventLog: Pick<EventLog, "snapshot">;
  signals: Pick<Signals, "onHeartbeat" | "onCommit">;
  /** What the log's settings are, as last seen. */
  durability: { readonly current: Durability };
  close: () => Promise<void>;
}

export interface LateBroker {
  /** @throws {Unavailable} `log_unreachable` until the broker is there */
  readLogSnapshot: () => Promise<LogSnapshot>;
  signals: Pick<Signals, "onHeartbeat" | "onCommit">;
  /** Unknown until the broker is there. */
  logDurability: () => Durability;
  close: () => Promise<void>;
}

const NOT_THERE: Durability = {
  status: "unknown",
  findings: [{ part: "log", detail: "the log is not there yet, so its settings are not known" }],
};

/**
 * Opens a broker in the background: queries are answered from the store alone until it is there. A failure to open it, as
 * opposed to a long wait, ends the process: it would not go away by itself.
 */
export function openLater(open: () => Promise<Broker>): LateBroker {
  let broker: Broker | undefined;
  const opened = open().then((found) => {
    broker = found;
    return found;
  });

  return {
    async readLogSnapshot() {
      if (broker === undefined) throw new Unavailable({ code: "log_unreachable", detail: "the log is not there yet" });
      return broker.eventLog.snapshot();
    },
    signals: {
      onHeartbeat: (listener) => void opened.then(({ signals }) => signals.onHeartbeat(listener)),
      onCommit: (listener) => void opened.then(({ signals }) => signals.onCommit(listener)),
    },
    logDurability: () => broker?.durability.current ?? NOT_THERE,
    close: async () => broker?.close(),
  };
}
