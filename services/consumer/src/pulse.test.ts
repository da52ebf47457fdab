import { SAFE } from "@tidemark/domain/durability";
import { createMemorySignals } from "@tidemark/event-log/memory-signals";
import type { Heartbeat } from "@tidemark/event-log/signals";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Pulse } from "./pulse.ts";

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

async function startPulse() {
  const signals = createMemorySignals();
  const beats: Heartbeat[] = [];
  signals.onHeartbeat((beat) => beats.push(beat));
  const pulse = new Pulse({ consumerId: "a", signals });
  onTestFinished(() => pulse.stop());
  const lagAfter = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms);
    return beats.at(-1)?.lagMs;
  };
  await lagAfter(0);
  return { pulse, beats, lagAfter };
}

test("beats at the start", async () => {
  const { beats } = await startPulse();
  expect(beats).toEqual([{ consumerId: "a", isStoreUp: true, lagMs: 0 }]);
});

test("tells how long the newest frame waited, and nothing once there is nothing to do", async () => {
  const { pulse, lagAfter } = await startPulse();
  const batch = pulse.took(1);
  pulse.committed([Date.now() - 90_000, Date.now() - 300]);
  pulse.finished(batch);
  expect(await lagAfter(1_000)).toBe(300);
  expect(await lagAfter(1_000)).toBe(0);
});

test("lets frames that were counted before say nothing", async () => {
  const { pulse, lagAfter } = await startPulse();
  const batch = pulse.took(1);
  pulse.committed([]);
  pulse.finished(batch);
  expect(await lagAfter(1_000)).toBe(0);
});

test("tells how fast it commits what it has at hand", async () => {
  const { pulse, beats, lagAfter } = await startPulse();
  const batch = pulse.took(3_000);
  await lagAfter(100);
  pulse.committed([]);
  pulse.finished(batch);
  await lagAfter(30_000);
  expect(beats.at(-1)?.eventsPerSecond).toBe(30_000);
});

test("counts the time that two batches were at hand once", async () => {
  const { pulse, beats, lagAfter } = await startPulse();
  const first = pulse.took(3_000);
  await lagAfter(50);
  const second = pulse.took(3_000);
  await lagAfter(50);
  for (const batch of [first, second]) {
    pulse.committed([]);
    pulse.finished(batch);
    await lagAfter(50);
  }
  await lagAfter(30_000);
  expect(beats.at(-1)?.eventsPerSecond).toBeCloseTo(40_000, -3);
});

test("takes a store that was down for no slow one", async () => {
  const { pulse, beats, lagAfter } = await startPulse();
  const batch = pulse.took(3_000);
  pulse.storeIsDown();
  await lagAfter(60_000);
  pulse.committed([]);
  pulse.finished(batch);
  await lagAfter(1_000);
  expect(beats.at(-1)).not.toHaveProperty("eventsPerSecond");
});

test("takes no batch that met a store that was down for a slow one, whichever is committed first", async () => {
  const { pulse, beats, lagAfter } = await startPulse();
  const batches = [pulse.took(3_000), pulse.took(3_000)];
  pulse.storeIsDown();
  batches.push(pulse.took(3_000));
  await lagAfter(60_000);
  for (const batch of batches) {
    pulse.committed([]);
    pulse.finished(batch);
    await lagAfter(100);
  }
  await lagAfter(1_000);
  expect(beats.at(-1)).not.toHaveProperty("eventsPerSecond");
});

test("hands on what is known of the store's settings", () => {
  const signals = createMemorySignals();
  const sendHeartbeat = vi.spyOn(signals, "sendHeartbeat");
  const pulse = new Pulse({ consumerId: "a", signals, durability: { current: SAFE } });
  onTestFinished(() => pulse.stop());
  expect(sendHeartbeat).toHaveBeenCalledWith(expect.objectContaining({ durability: SAFE }));
});

test("takes a clock that is ahead for one without lag", async () => {
  const { pulse, lagAfter } = await startPulse();
  pulse.took(1);
  pulse.committed([Date.now() + 60_000]);
  expect(await lagAfter(1_000)).toBeLessThanOrEqual(1_000);
});

test("is at least as far behind as a batch is at hand, while the store hangs", async () => {
  const { pulse, lagAfter } = await startPulse();
  const first = pulse.took(1);
  expect(await lagAfter(7_000)).toBe(7_000);
  pulse.took(1);
  expect(await lagAfter(1_000)).toBe(8_000);
  pulse.finished(first);
  expect(await lagAfter(1_000)).toBe(2_000);
});

test("is as far behind as it was, between the commits of a store that is slow", async () => {
  const { pulse, lagAfter } = await startPulse();
  const batch = pulse.took(1);
  pulse.committed([Date.now() - 60_000]);
  pulse.finished(batch);
  pulse.took(1);
  expect(await lagAfter(3_000)).toBe(60_000);
});
