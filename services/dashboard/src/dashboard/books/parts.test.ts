import { expect, test } from "vitest";
import type { Observation } from "../api/poller.js";
import { DISCONNECTED, LIMITED, makeObservation, makeStats, STORE_UNREACHABLE, UNSAFE } from "./observation-fixture.ts";
import { describeChecks, describeParts } from "./parts.js";

const statesOf = (observation: Observation) => describeParts(observation).map(({ name, state }) => `${name}: ${state}`);

test("every part is good when everything works", () => {
  const names = ["Service", "Store", "Log", "Gateway", "Refused", "Consumer", "Durability"];
  expect(statesOf(makeObservation())).toEqual(names.map((name) => `${name}: good`));
});

test("a part that does not work has a state of its own", () => {
  expect(statesOf(makeObservation({ health: { durability: UNSAFE } }))).toContain("Durability: warn");
  expect(statesOf(makeObservation({ health: { consumer_running: false } }))).toContain("Consumer: bad");
  expect(statesOf(makeObservation({ health: { gateway_running: false } }))).toContain("Gateway: bad");
  expect(statesOf(makeObservation({ stats: { incomplete: ["log"] } }))).toContain("Log: unknown");
});

test("without the log, which carries the heartbeats, gateways and consumers are unknown", () => {
  const health = { log_bytes: null, gateway_running: false, consumer_running: false };
  const states = statesOf(makeObservation({ health }));
  expect(states).toEqual(
    expect.arrayContaining(["Log: bad", "Gateway: unknown", "Refused: unknown", "Consumer: unknown"]),
  );
});

test("parts behind a store that cannot be reached are unknown", () => {
  expect(statesOf({ trouble: STORE_UNREACHABLE })).toEqual([
    "Service: good",
    "Store: bad",
    "Log: unknown",
    "Gateway: unknown",
    "Refused: unknown",
    "Consumer: unknown",
    "Durability: unknown",
  ]);
});

test("the service is the only part listed when it does not answer", () => {
  expect(statesOf({ trouble: DISCONNECTED })).toEqual(["Service: bad"]);
});

const AUDITED_AT = "2025-10-23T10:00:00.000000Z";
const NOW = Date.parse("2025-10-23T10:05:00.000Z");

test("the checks of balanced books are good and say when the last audit was", () => {
  const last_audit = { audited_at: AUDITED_AT, balanced: true, differences_total: 0 };
  expect(describeChecks(makeStats({ last_audit }), NOW)).toEqual([
    { name: "Sum", state: "good", detail: "adds up to received" },
    { name: "Drift", state: "good", detail: "0" },
    { name: "Gateways' count", state: "good", detail: "all 8 confirmed events are there" },
    { name: "Last audit", state: "good", detail: "balanced, 5 min ago" },
  ]);
});

test("the checks of wrong books are bad", () => {
  const last_audit = { audited_at: AUDITED_AT, balanced: false, differences_total: 2 };
  expect(describeChecks(makeStats({ received: 11, drift: -3, unconfirmed: -4, last_audit }), NOW)).toEqual([
    { name: "Sum", state: "bad", detail: "does not add up to received" },
    { name: "Drift", state: "bad", detail: "-3" },
    { name: "Gateways' count", state: "bad", detail: "4 confirmed events are missing" },
    { name: "Last audit", state: "bad", detail: "differences in 2 topics, 5 min ago" },
  ]);
});

test("the books of a key that sees only its topics are checked by their sum", () => {
  expect(describeChecks(makeStats(LIMITED))).toEqual([
    { name: "Sum", state: "good", detail: "adds up to received" },
    { name: "Others", state: "unknown", detail: "need a key for all topics" },
  ]);
});

test("an unknown drift, an unknown count of the gateways and a missing audit are not faults", () => {
  const unknown = { drift: null, confirmed: null, unconfirmed: null, last_audit: null };
  const states = describeChecks(makeStats(unknown)).map(({ state }) => state);
  expect(states).toEqual(["good", "unknown", "unknown", "unknown"]);
});

test("a gateway that fell silent is named beside those that run", () => {
  const missing = [{ part: "gateway" as const, id: "0193a7a8-5f0e", silent_since: "2025-10-23T10:00:00.000Z" }];
  const parts = describeParts(makeObservation({ health: { missing } }));
  expect(parts.find(({ name }) => name === "Gateway")).toMatchObject({
    state: "warn",
    detail: expect.stringMatching(/^running; silent: 0193a7a8 since \d\d:\d\d:\d\d$/),
  });
  expect(parts.find(({ name }) => name === "Consumer")).toMatchObject({ state: "good", detail: "running" });
});

test("the room of the log and of the disks is told", () => {
  const disks = [{ volume: "log" as const, free_bytes: 5_400_000, size_bytes: 100_000_000 }];
  const parts = describeParts(makeObservation({ health: { log_bytes: 120_000, log_max_bytes: 1_000_000, disks } }));
  expect(parts).toContainEqual({ name: "Log", state: "good", detail: "answers, 12.0% full" });
  expect(parts).toContainEqual({ name: "Disk", state: "warn", detail: "5.4 MB of 100 MB free for the log" });
});

test("a restore is told with what it lost", () => {
  const restore = { restored_at: AUDITED_AT, backed_up_at: AUDITED_AT, lost_frames: 12, lost_events: 340 };
  const of = (last_restore: typeof restore) => describeChecks(makeStats({ last_restore }), NOW).at(-1);
  expect(of(restore)).toMatchObject({
    state: "warn",
    detail: expect.stringMatching(/^2025-10-23 .*: 340 confirmed events lost$/),
  });
  expect(of({ ...restore, lost_events: 0 })).toMatchObject({ name: "Restore", state: "good" });
});
