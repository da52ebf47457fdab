import { SAFE } from "@tidemark/shared/durability";
import { createMemorySignals } from "@tidemark/shared/signals/memory-signals";
import type { Heartbeat } from "@tidemark/shared/signals/signals";
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
  pulse.took(1);
  pulse.committed([Date.now() - 90_000, Date.now() - 300]);
  pulse.finished();
  expect(await lagAfter(1_000)).toBe(300);
  expect(await lagAfter(1_000)).toBe(0);
});

test("lets frames that were counted before say nothing", async () => {
  const { pulse, lagAfter } = await startPulse();
  pulse.took(1);
  pulse.committed([]);
  pulse.finished();
  expect(await lagAfter(1_000)).toBe(0);
});

test("tells how fast it commits what it has at hand", async () => {
  const { pulse, beats, lagAfter } = await startPulse();
  pulse.took(3_000);
  await lagAfter(100);
  pulse.committed([]);
  pulse.finished();
  await lagAfter(30_000);
  expect(beats.at(-1)?.eventsPerSecond).toBe(30_000);
});

test("takes a store that was down for no slow one", async () => {
  const { pulse, beats, lagAfter } = await startPulse();
  pulse.took(3_000);
  pulse.storeIsDown();
  await lagAfter(60_000);
  pulse.committed([]);
  pulse.finished();
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
  pulse.took(1);
  expect(await lagAfter(7_000)).toBe(7_000);
  expect(await lagAfter(1_000)).toBe(8_000);
});

test("is as far behind as it was, between the commits of a store that is slow", async () => {
  const { pulse, lagAfter } = await startPulse();
  pulse.took(1);
  pulse.committed([Date.now() - 60_000]);
  pulse.finished();
  pulse.took(1);
  expect(await lagAfter(3_000)).toBe(60_000);
});
