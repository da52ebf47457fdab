import { SAFE } from "@tidemark/domain/durability";
import { expect, test } from "vitest";
import { ConsumerHeartbeats } from "./consumer-heartbeats.ts";
import type { Heartbeat } from "./signals.ts";

function createHeartbeats() {
  let nowMs = 0;
  let hear: (heartbeat: Heartbeat) => void = () => {};
  const heartbeats = new ConsumerHeartbeats(
    {
      onHeartbeat: (listener) => {
        hear = listener;
      },
    },
    () => nowMs,
  );
  return {
    heartbeats,
    hear: (consumerId: string, rest: Partial<Heartbeat> = {}) =>
      hear({ consumerId, isStoreUp: true, lagMs: 20, ...rest }),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test("no consumer is running before the first heartbeat", () => {
  expect(createHeartbeats().heartbeats).toMatchObject({ isConsumerRunning: false, isStoreUp: false });
});

test("a consumer is running until it has been silent for five seconds", () => {
  const { heartbeats, hear, pass } = createHeartbeats();
  hear("a");
  pass(5_000);
  expect(heartbeats).toMatchObject({ isConsumerRunning: true, isStoreUp: true });
  pass(1);
  expect(heartbeats).toMatchObject({ isConsumerRunning: false, isStoreUp: false });
});

test("a consumer that fell silent is named for an hour, and one that ended in order is not", () => {
  const { heartbeats, hear, pass } = createHeartbeats();
  hear("frozen");
  hear("stopped");
  hear("stopped", { hasEnded: true });
  expect(heartbeats).toMatchObject({ running: 1, silent: [] });
  pass(5_001);
  expect(heartbeats).toMatchObject({ running: 0, silent: [{ id: "frozen", heardAtMs: 0 }] });
  pass(3_600_000);
  expect(heartbeats.silent).toEqual([]);
});

test("a silent consumer that is heard again is no longer named", () => {
  const { heartbeats, hear, pass } = createHeartbeats();
  hear("a");
  pass(5_001);
  hear("a");
  expect(heartbeats).toMatchObject({ running: 1, silent: [] });
});

test("no more than a hundred silent consumers are named, those that fell silent last", () => {
  const { heartbeats, hear, pass } = createHeartbeats();
  for (let index = 0; index <= 100; index++) {
    hear(`consumer ${index}`);
    pass(1);
  }
  pass(5_001);
  expect(heartbeats.silent).toHaveLength(100);
  expect(heartbeats.silent[0]?.id).toBe("consumer 100");
});

test("the store is up while one running consumer reaches it", () => {
  const { heartbeats, hear } = createHeartbeats();
  hear("a", { isStoreUp: true });
  hear("b", { isStoreUp: false });
  expect(heartbeats).toMatchObject({ isConsumerRunning: true, isStoreUp: true });
  hear("a", { isStoreUp: false });
  expect(heartbeats).toMatchObject({ isConsumerRunning: true, isStoreUp: false });
});

test("a consumer that waits for its store is alive, and does not count as running", () => {
  const { heartbeats, hear } = createHeartbeats();
  const waiting = { isStoreUp: false, isWaiting: true };
  hear("a", waiting);
  expect(heartbeats).toMatchObject({ isConsumerAlive: true, running: 0 });
  expect(heartbeats.isVerdictLikely(2_000)).toBe(true); // as before the first heartbeat
  hear("a", { ...waiting, hasEnded: true });
  expect(heartbeats.isConsumerAlive).toBe(false);
  hear("b");
  expect(heartbeats).toMatchObject({ isConsumerAlive: true, running: 1 });
});

test("the durability of the store is what the running consumers report", () => {
  const { heartbeats, hear, pass } = createHeartbeats();
  expect(heartbeats.storeDurability.status).toBe("unknown");
  hear("a", { durability: SAFE });
  expect(heartbeats.storeDurability).toEqual(SAFE);
  const findings = [{ part: "store" as const, detail: "a setting" }];
  hear("b", { durability: { status: "unsafe", findings } });
  expect(heartbeats.storeDurability).toEqual({ status: "unsafe", findings });
  pass(5_001);
  hear("of an older version");
  expect(heartbeats.storeDurability.status).toBe("unknown");
});

test("a verdict is likely before the first heartbeat", () => {
  expect(createHeartbeats().heartbeats.isVerdictLikely(2_000)).toBe(true);
});

test("a verdict is likely while one running consumer reaches the store", () => {
  const { heartbeats, hear } = createHeartbeats();
  hear("a", { isStoreUp: false });
  expect(heartbeats.isVerdictLikely(Number.POSITIVE_INFINITY)).toBe(false);
  hear("b");
  expect(heartbeats.isVerdictLikely(2_000)).toBe(true);
});

test("a verdict is unlikely when every consumer is further behind than the wait", () => {
  const { heartbeats, hear } = createHeartbeats();
  hear("a", { lagMs: 3_000 });
  expect(heartbeats.isVerdictLikely(2_000)).toBe(false);
  expect(heartbeats.isVerdictLikely(3_000)).toBe(true);
});

test("a verdict is unlikely once all consumers have been silent for five seconds", () => {
  const { heartbeats, hear, pass } = createHeartbeats();
  hear("a");
  pass(5_000);
  expect(heartbeats.isVerdictLikely(2_000)).toBe(true);
  pass(1);
  expect(heartbeats.isVerdictLikely(2_000)).toBe(false);
});
