import type { Frame } from "@tidemark/domain/frame";
import { createMemoryEventLog } from "@tidemark/event-log/memory-event-log";
import { createMemorySignals } from "@tidemark/event-log/memory-signals";
import type { Heartbeat } from "@tidemark/event-log/signals";
import { expect, test, vi } from "vitest";
import { type Broker, openLater } from "./late-log.ts";

const frame: Frame = { id: "a", requests: [1], receivedAtMs: 0, events: Buffer.from("[1]") };

function createBroker() {
  const signals = createMemorySignals();
  const close = vi.fn(async () => {});
  return { eventLog: createMemoryEventLog({ maxEvents: 10, maxBytes: 1_000 }), signals, close };
}

test("takes nothing until the log is there, then everything", async () => {
  const opening = Promise.withResolvers<Broker>();
  const late = openLater(() => opening.promise);
  await expect(late.eventLog.append(frame)).rejects.toMatchObject({ code: "log_unreachable" });
  await expect(late.eventLog.ping()).rejects.toMatchObject({ code: "log_unreachable" });
  opening.resolve(createBroker());
  await late.opened;
  await late.eventLog.append(frame);
  expect(await late.eventLog.snapshot()).toMatchObject({ frames: 1 });
});

test("has verdicts sent to where they are heard, also by who listened before", async () => {
  const broker = createBroker();
  const opening = Promise.withResolvers<Broker>();
  const late = openLater(() => opening.promise);
  const heard: unknown[] = [];
  late.signals.onVerdicts((message) => heard.push(message));
  late.signals.onHeartbeat((heartbeat) => heard.push(heartbeat));
  opening.resolve(broker);
  await late.opened;
  const heartbeat: Heartbeat = { consumerId: "a", isStoreUp: true, lagMs: 1 };
  broker.signals.sendHeartbeat(heartbeat);
  broker.signals.sendVerdicts(late.signals.address, { frameId: "a", verdicts: "s" });
  await vi.waitFor(() => expect(heard).toEqual([heartbeat, { frameId: "a", verdicts: "s" }]));
});

test("tells why the log was not opened", async () => {
  const late = openLater(async () => {
    throw new Error("the settings do not fit");
  });
  late.signals.onVerdicts(() => {});
  await expect(late.opened).rejects.toThrow("the settings do not fit");
});

test("closes what it opened, and before there is anything", async () => {
  await openLater(() => new Promise(() => {})).close();
  const broker = createBroker();
  const late = openLater(async () => broker);
  await late.opened;
  await late.close();
  expect(broker.close).toHaveBeenCalledOnce();
});
