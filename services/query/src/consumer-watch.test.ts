import type { Heartbeat } from "@tidemark/shared/signals/signals";
import { expect, test } from "vitest";
import { watchConsumers } from "./consumer-watch.ts";

function createWatch() {
  let nowMs = 0;
  let hear: (heartbeat: Heartbeat) => void = () => {};
  const read = watchConsumers({ onHeartbeat: (listener) => (hear = listener) }, () => nowMs);
  return {
    read,
    hear: (consumerId: string, isStoreUp = true) => hear({ consumerId, isStoreUp, lagMs: 1 }),
    pass: (ms: number) => (nowMs += ms),
  };
}

test("takes no consumer for running before one was heard", () => {
  expect(createWatch().read()).toEqual({ isRunning: false, isStoreUp: false });
});

test("takes a consumer for running until it is silent for five seconds", () => {
  const watch = createWatch();
  watch.hear("a");
  watch.pass(5_000);
  expect(watch.read()).toEqual({ isRunning: true, isStoreUp: true });
  watch.pass(1);
  expect(watch.read()).toEqual({ isRunning: false, isStoreUp: false });
});

test("takes the store for up while one running consumer reaches it", () => {
  const watch = createWatch();
  watch.hear("a", true);
  watch.hear("b", false);
  expect(watch.read()).toEqual({ isRunning: true, isStoreUp: true });
  watch.hear("a", false);
  expect(watch.read()).toEqual({ isRunning: true, isStoreUp: false });
});
