import { LimitExceeded } from "@tidemark/domain/errors";
import { expect, test } from "vitest";
import { RateLimiter } from "./rate-limiter.ts";

/** Opens a limiter whose clock the test sets. */
function openLimiter(limits: { eventsPerSecond?: number; bytesPerSecond?: number }) {
  const clock = { nowMs: 0 };
  const limiter = new RateLimiter({ eventsPerSecond: 0, bytesPerSecond: 0, ...limits, nowMs: () => clock.nowMs });
  const enter = (id = "address:192.0.2.1", own?: { eventsPerSecond?: number; bytesPerSecond?: number }) => {
    const headers: Record<string, string> = {};
    const answer = {
      header: (name: string, value: string) => {
        headers[name] = value;
      },
    };
    return { ...bound(limiter.enter({ id, ...(own && { limits: own }) }, answer)), headers };
  };
  return { clock, enter };
}

function bound(limits: ReturnType<RateLimiter["enter"]>) {
  return {
    checkAhead: (bytes: number) => limits.checkAhead(bytes),
    takeBytes: (bytes: number) => limits.takeBytes(bytes),
    takeEvents: (events: number) => limits.takeEvents(events),
  };
}

test("a client may take ten seconds' worth at once, and then as much as its rate", () => {
  const { clock, enter } = openLimiter({ eventsPerSecond: 10 });
  enter().takeEvents(100);
  expect(() => enter().takeEvents(1)).toThrow(LimitExceeded);
  clock.nowMs = 100;
  enter().takeEvents(1);
  expect(() => enter().takeEvents(1)).toThrow("over the limit of 10 events a second");
});

test("a refusal names the seconds after which the same request is taken", () => {
  const { clock, enter } = openLimiter({ bytesPerSecond: 1_000 });
  enter().takeBytes(25_000);
  let wait = 0;
  try {
    enter().takeBytes(9_000);
  } catch (error) {
    wait = (error as LimitExceeded).retryAfterSeconds;
  }
  expect(wait).toBe(24);
  clock.nowMs = wait * 1_000;
  enter().takeBytes(9_000);
});

test("each answer has the policy, the amount that is left, and the time until it is full again", () => {
  const { enter } = openLimiter({ eventsPerSecond: 10, bytesPerSecond: 1_000 });
  const request = enter();
  expect(request.headers).toEqual({
    "ratelimit-policy": '"events";q=100;qu="events";w=10, "bytes";q=10000;qu="content-bytes";w=10',
    ratelimit: '"events";r=100;t=0, "bytes";r=10000;t=0',
  });
  request.takeBytes(1_500);
  request.takeEvents(130);
  expect(request.headers.ratelimit).toBe('"events";r=0;t=13, "bytes";r=8500;t=2');
});

test("clients do not share a limit, and a key's own limits replace the others", () => {
  const { enter } = openLimiter({ eventsPerSecond: 1 });
  enter("address:192.0.2.1").takeEvents(10);
  enter("address:192.0.2.2").takeEvents(10);
  enter("key:shop", { eventsPerSecond: 5 }).takeEvents(50);
  expect(() => enter("key:shop", { eventsPerSecond: 5 }).takeEvents(1)).toThrow("5 events a second");
});

test("a request is refused before its body is read while the limit has no room for a single event", () => {
  const { clock, enter } = openLimiter({ eventsPerSecond: 10, bytesPerSecond: 1_000 });
  enter().takeEvents(100);
  expect(() => enter().checkAhead(1)).toThrow("10 events a second");
  clock.nowMs = 100;
  enter().checkAhead(10_000);
  enter().takeBytes(10_000);
  expect(() => enter().checkAhead(200)).toThrow("1000 bytes a second");
});

test("without limits an answer has no RateLimit headers", () => {
  const request = openLimiter({}).enter();
  request.takeEvents(1e9);
  expect(request.headers).toEqual({});
});

test("a million addresses cost the memory of fifty thousand", () => {
  const { enter } = openLimiter({ eventsPerSecond: 1 });
  enter("first").takeEvents(10);
  expect(() => enter("first").takeEvents(1)).toThrow();
  for (let address = 0; address < 50_000; address++) enter(`${address}`);
  enter("first").takeEvents(10); // the first client is forgotten, because it is the least recent
});
