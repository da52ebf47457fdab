import { expect, test } from "vitest";
import { describeParts, judge } from "./status.js";

const STATS = {
  received: 10,
  unique_processed: 6,
  duplicate_dropped: 2,
  dead_lettered: 1,
  queue_size: 1,
  drift: 0,
  oldest_queued_seconds: 0.5,
  last_audit: { balanced: true, differences_total: 0 },
  uptime_human: "0h 0m 1s",
};
const HEALTH = { status: "healthy", consumer_running: true, durability: { status: "safe", findings: [] } };
const UNSAFE = { status: "unsafe", findings: [{ part: "store", detail: "fsync=off" }] };
const DISCONNECTED = { isDisconnected: true, detail: "Tidemark does not answer" };
const STORE_AWAY = { isDisconnected: false, detail: "the store cannot be reached" };

const BAD_AUDIT = { balanced: false, differences_total: 1 };

test.each([
  ["all is well", {}, {}, "good", "All is well"],
  ["a drift not known at this moment", { drift: null }, {}, "good", "All is well"],
  ["no audit yet", { last_audit: null }, {}, "good", "All is well"],
  ["a sum that does not add up", { received: 11 }, {}, "bad", "The books do not balance"],
  ["a drift", { drift: -1 }, {}, "bad", "The books do not balance"],
  ["an audit that found a difference", { last_audit: BAD_AUDIT }, {}, "bad", "The books do not balance"],
  ["a part that is away", {}, { status: "unhealthy", reasons: ["no consumer"] }, "bad", "Not all parts work"],
  ["the log away", { received: 9, queue_size: null, incomplete: ["log"] }, {}, "warn", /wants a look/],
  ["a long wait in the queue", { oldest_queued_seconds: 31 }, {}, "warn", /wants a look/],
  ["unsafe settings", {}, { durability: UNSAFE }, "warn", /wants a look/],
])("%s", (_name, stats, health, state, title) => {
  const verdict = judge({ stats: { ...STATS, ...stats }, health: { ...HEALTH, ...health } });
  expect(verdict).toMatchObject({ state, title: typeof title === "string" ? title : expect.stringMatching(title) });
});

test("a dead letter wants a look as long as it is there", () => {
  const stats = { ...STATS, dead_lettered: 1 };
  expect(judge({ stats, health: HEALTH, hasDeadLetters: true })).toMatchObject({
    state: "warn",
    detail: "The store refused events: they are the dead letters.",
  });
  expect(judge({ stats, health: HEALTH, hasDeadLetters: false }).state).toBe("good");
});

test("books that do not balance come before parts that do not work", () => {
  const health = { ...HEALTH, status: "unhealthy", reasons: ["no consumer"] };
  expect(judge({ stats: { ...STATS, drift: 1 }, health }).title).toBe("The books do not balance");
});

test("without an answer it says how old the figures are", () => {
  expect(judge({ stats: STATS, trouble: DISCONNECTED, readAt: 1_000 }, 13_000)).toEqual({
    state: "bad",
    title: "Disconnected",
    detail: "Tidemark does not answer; trying again. What is shown is 12 s old.",
  });
  expect(judge({ trouble: STORE_AWAY })).toMatchObject({
    title: "The books cannot be read",
    detail: "The store cannot be reached.",
  });
});

test("each part has its state", () => {
  const statesOf = (known: object) => describeParts(known).map(([name, state]) => `${name}: ${state}`);
  expect(statesOf({ stats: STATS, health: HEALTH })).toEqual([
    "Service: good",
    "Store: good",
    "Log: good",
    "Consumer: good",
    "Durability: good",
  ]);
  expect(statesOf({ stats: STATS, health: { ...HEALTH, durability: UNSAFE } })).toContain("Durability: warn");
  expect(statesOf({ stats: STATS, trouble: STORE_AWAY })).toEqual([
    "Service: good",
    "Store: bad",
    "Log: unknown",
    "Consumer: unknown",
    "Durability: unknown",
  ]);
  expect(statesOf({ trouble: DISCONNECTED })).toEqual(["Service: bad"]);
});
