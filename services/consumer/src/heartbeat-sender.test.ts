import { SAFE } from "@tidemark/domain/durability";
import { createMemorySignals } from "@tidemark/event-log/memory-signals";
import type { Heartbeat } from "@tidemark/event-log/signals";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { HeartbeatSender } from "./heartbeat-sender.ts";

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

async function startSender() {
  const signals = createMemorySignals();
  const beats: Heartbeat[] = [];
  signals.onHeartbeat((beat) => beats.push(beat));
  const sender = new HeartbeatSender({ consumerId: "a", signals });
  onTestFinished(() => sender.stop());
  const lagAfter = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms);
    return beats.at(-1)?.lagMs;
  };
  await lagAfter(0);
  return { sender, beats, lagAfter };
}

test("sends a heartbeat at the start", async () => {
  const { beats } = await startSender();
  expect(beats).toEqual([{ consumerId: "a", isStoreUp: true, lagMs: 0 }]);
});

test("reports how long the newest frame waited, and no lag once there is nothing to do", async () => {
  const { sender, lagAfter } = await startSender();
  const batch = sender.began();
  sender.committed([Date.now() - 90_000, Date.now() - 300]);
  sender.finished(batch);
  expect(await lagAfter(1_000)).toBe(300);
  expect(await lagAfter(1_000)).toBe(0);
});

test("reports no lag for frames that were committed before", async () => {
  const { sender, lagAfter } = await startSender();
  const batch = sender.began();
  sender.committed([]);
  sender.finished(batch);
  expect(await lagAfter(1_000)).toBe(0);
});

test("reports the durability settings of the store", () => {
  const signals = createMemorySignals();
  const sendHeartbeat = vi.spyOn(signals, "sendHeartbeat");
  const sender = new HeartbeatSender({ consumerId: "a", signals, durability: { current: SAFE } });
  onTestFinished(() => sender.stop());
  expect(sendHeartbeat).toHaveBeenCalledWith(expect.objectContaining({ durability: SAFE }));
});

test("reports no negative lag when the sender of a frame has a clock that is ahead", async () => {
  const { sender, lagAfter } = await startSender();
  sender.began();
  sender.committed([Date.now() + 60_000]);
  expect(await lagAfter(1_000)).toBeLessThanOrEqual(1_000);
});

test("reports at least the time that the oldest batch has been in flight", async () => {
  const { sender, lagAfter } = await startSender();
  const first = sender.began();
  expect(await lagAfter(7_000)).toBe(7_000);
  sender.began();
  expect(await lagAfter(1_000)).toBe(8_000);
  sender.finished(first);
  expect(await lagAfter(1_000)).toBe(2_000);
});

test("keeps reporting the last lag between the commits of a slow store", async () => {
  const { sender, lagAfter } = await startSender();
  const batch = sender.began();
  sender.committed([Date.now() - 60_000]);
  sender.finished(batch);
  sender.began();
  expect(await lagAfter(3_000)).toBe(60_000);
});

test("says that it waits for its store, until the store is open", () => {
  const signals = createMemorySignals();
  const sendHeartbeat = vi.spyOn(signals, "sendHeartbeat");
  const sender = new HeartbeatSender({ consumerId: "a", signals, isWaiting: true });
  onTestFinished(() => sender.stop());
  sender.storeIsOpen({ current: SAFE });
  expect(sendHeartbeat.mock.calls.map(([beat]) => beat)).toEqual([
    { consumerId: "a", isStoreUp: false, lagMs: 0, isWaiting: true },
    { consumerId: "a", isStoreUp: true, lagMs: 0, durability: SAFE },
  ]);
});

test("marks its last heartbeat", async () => {
  const { sender, beats } = await startSender();
  sender.stop();
  sender.stop();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(beats.map(({ hasEnded }) => hasEnded)).toEqual([undefined, true]);
});
