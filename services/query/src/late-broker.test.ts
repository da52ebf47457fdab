import { SAFE } from "@tidemark/domain/durability";
import type { LogSnapshot } from "@tidemark/event-log/event-log";
import type { Heartbeat } from "@tidemark/event-log/signals";
import { expect, test, vi } from "vitest";
import { type Broker, openLater } from "./late-broker.ts";

const contents: LogSnapshot = {
  generation: "one",
  events: 3,
  frames: 1,
  lastSequence: 1,
  held: [{ first: 1, last: 1 }],
  removed: 0,
};
const heartbeat: Heartbeat = { consumerId: "a", isStoreUp: true, lagMs: 1 };

function createBroker() {
  const listeners: ((heartbeat: Heartbeat) => void)[] = [];
  const state = { isClosed: false };
  const broker: Broker = {
    eventLog: { snapshot: async () => contents },
    signals: { onHeartbeat: (listener) => listeners.push(listener), onCommit: () => {} },
    durability: { current: SAFE },
    close: async () => {
      state.isClosed = true;
    },
  };
  return { broker, listeners, state };
}

test("says that the log is away until the broker is there, then asks it", async () => {
  const { broker } = createBroker();
  const opening = Promise.withResolvers<Broker>();
  const late = openLater(() => opening.promise);
  await expect(late.readLogSnapshot()).rejects.toMatchObject({ code: "log_unreachable" });
  opening.resolve(broker);
  await vi.waitFor(async () => expect(await late.readLogSnapshot()).toBe(contents));
});

test("does not know the log's settings until the broker is there", async () => {
  const { broker } = createBroker();
  const late = openLater(async () => broker);
  expect(late.logDurability()).toMatchObject({ status: "unknown", findings: [{ part: "log" }] });
  await vi.waitFor(() => expect(late.logDurability()).toEqual(SAFE));
});

test("hands on heartbeats to who listened before the broker was there", async () => {
  const { broker, listeners } = createBroker();
  const opening = Promise.withResolvers<Broker>();
  const late = openLater(() => opening.promise);
  const heard: Heartbeat[] = [];
  late.signals.onHeartbeat((beat) => heard.push(beat));
  opening.resolve(broker);
  await vi.waitFor(() => expect(listeners).toHaveLength(1));
  listeners[0]?.(heartbeat);
  expect(heard).toEqual([heartbeat]);
});

test("closes before the broker is there", async () => {
  const late = openLater(() => new Promise(() => {}));
  await expect(late.close()).resolves.toBeUndefined();
});

test("closes the broker that it opened", async () => {
  const { broker, state } = createBroker();
  const late = openLater(async () => broker);
  await vi.waitFor(() => late.readLogSnapshot());
  await late.close();
  expect(state.isClosed).toBe(true);
});
