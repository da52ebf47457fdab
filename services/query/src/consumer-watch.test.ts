import { SAFE } from "@tidemark/domain/durability";
import type { Heartbeat } from "@tidemark/event-log/signals";
import { expect, test } from "vitest";
import { watchConsumers } from "./consumer-watch.ts";

function createWatch() {
  let nowMs = 0;
  let hear: (heartbeat: Heartbeat) => void = () => {};
  const read = watchConsumers({ onHeartbeat: (listener) => (hear = listener) }, () => nowMs);
  return {
    read,
    hear: (consumerId: string, isStoreUp = true) => hear({ consumerId, isStoreUp, lagMs: 1, durability: SAFE }),
    hearOnly: (heartbeat: Partial<Heartbeat>) => hear({ consumerId: "a", isStoreUp: true, lagMs: 1, ...heartbeat }),
    pass: (ms: number) => (nowMs += ms),
  };
}

test("takes no consumer for running before one was heard", () => {
  expect(createWatch().read()).toMatchObject({ isRunning: false, isStoreUp: false });
});

test("takes a consumer for running until it is silent for five seconds", () => {
  const watch = createWatch();
  watch.hear("a");
  watch.pass(5_000);
  expect(watch.read()).toMatchObject({ isRunning: true, isStoreUp: true });
  watch.pass(1);
  expect(watch.read()).toMatchObject({ isRunning: false, isStoreUp: false });
});

test("takes the store for up while one running consumer reaches it", () => {
  const watch = createWatch();
  watch.hear("a", true);
  watch.hear("b", false);
  expect(watch.read()).toMatchObject({ isRunning: true, isStoreUp: true });
  watch.hear("a", false);
  expect(watch.read()).toMatchObject({ isRunning: true, isStoreUp: false });
});

test("knows of the store's settings what the running consumers tell", () => {
  const watch = createWatch();
  expect(watch.read().durability.status).toBe("unknown");
  watch.hear("a");
  expect(watch.read().durability).toEqual(SAFE);
  const findings = [{ part: "store" as const, detail: "a setting" }];
  watch.hearOnly({ consumerId: "b", durability: { status: "unsafe", findings } });
  expect(watch.read().durability).toEqual({ status: "unsafe", findings });
  watch.pass(5_001);
  watch.hearOnly({ consumerId: "of an older version" });
  expect(watch.read().durability.status).toBe("unknown");
});
