import type { Subscription } from "@tidemark/event-store/subscriptions";
import { captureLogger } from "@tidemark/telemetry/fixture/capture-logger";
import { expect, test } from "vitest";
import { startOnTestClock } from "./housekeeping-fixture.ts";

const created = "2029-01-01T00:00:00.000000Z";

/** A subscription of which so many unread events have lost their payload, and which then reads on, and falls behind again. */
function subscriptionOf(name: string, expired: number[]) {
  const subscription: Subscription = { name, position: "0", acknowledged: 0, createdAt: created, updatedAt: created };
  return { subscription, expired };
}

test("says once for each subscription that payloads were removed which it has not read, and again after it has read on", async () => {
  const { logger, lines } = captureLogger();
  const removed = { step: { expired: 1, isAtEnd: true }, tookMs: 0 };
  const none = { step: { expired: 0, isAtEnd: true }, tookMs: 0 };
  const { nextPause, pass } = startOnTestClock({
    expiryAnswers: [none, removed, none, removed, none, none, none, removed, none, removed],
    subscriptions: [subscriptionOf("slow", [5, 7, 0, 2]), subscriptionOf("prompt", [0, 0, 0, 0])],
    logger,
    stopWaitMs: 1,
  });

  for (let round = 0; round < 5; round++) {
    await nextPause();
    pass();
  }
  await nextPause();

  expect(lines.filter(({ level }) => level === "warn")).toEqual(
    [5, 2].map((expired) => expect.objectContaining({ subscription: "slow", expired, updatedAt: created })),
  );
});
