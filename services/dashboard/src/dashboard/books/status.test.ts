import { expect, test } from "vitest";
import type { HealthAnswer, StatsAnswer } from "../api/contract.d.ts";
import { DISCONNECTED, LIMITED, makeObservation, STORE_UNREACHABLE, UNSAFE } from "./observation-fixture.ts";
import { describeStatus } from "./status.js";

const AUDIT_WITH_DIFFERENCES = { audited_at: "2025-10-23T10:00:00.000000Z", balanced: false, differences_total: 1 };
const NO_CONSUMER: Partial<HealthAnswer> = { status: "unhealthy", reasons: ["no consumer"] };
const NO_LOG: Partial<StatsAnswer> = {
  received: 9,
  queue_size: null,
  oldest_queued_seconds: null,
  incomplete: ["log"],
};

const GOOD = { state: "good", title: "All is well" };
const GOOD_TOPICS = {
  state: "good",
  title: "All is well in the topics of this key",
  detail: "Their books balance. This key sees only its topics: not the queue, the sources, the drift, or the audit.",
};
const UNBALANCED = { state: "bad", title: "The books do not balance" };
const BROKEN = { state: "bad", title: "Not every part works" };
const ATTENTION = { state: "warn", title: "The books balance, but something needs attention" };

test.each<[name: string, Partial<StatsAnswer>, Partial<HealthAnswer>, status: object]>([
  ["every part works", {}, {}, GOOD],
  ["the drift is unknown", { drift: null }, {}, GOOD],
  ["there was no audit yet", { last_audit: null }, {}, GOOD],
  ["received is not the sum of the rest", { received: 11 }, {}, UNBALANCED],
  ["there is a drift", { drift: -1 }, {}, UNBALANCED],
  ["confirmed events are missing", { unconfirmed: -1 }, {}, UNBALANCED],
  ["it is not known what gateways count", { confirmed: null, unconfirmed: null }, {}, GOOD],
  ["the last audit found a difference", { last_audit: AUDIT_WITH_DIFFERENCES }, {}, UNBALANCED],
  ["a part does not work", {}, NO_CONSUMER, BROKEN],
  ["the log does not answer", NO_LOG, {}, ATTENTION],
  ["a key sees only its topics", LIMITED, {}, GOOD_TOPICS],
  ["a key sees only its topics, and a part does not work", LIMITED, NO_CONSUMER, BROKEN],
  ["the oldest queued event has waited for more than 30 s", { oldest_queued_seconds: 31 }, {}, ATTENTION],
  ["the settings of the store are unsafe", {}, { durability: UNSAFE }, ATTENTION],
])("the status line when %s", (_name, stats, health, status) => {
  expect(describeStatus(makeObservation({ stats, health }))).toMatchObject(status);
});

test("a dead letter needs attention while it is on record", () => {
  const stats = { dead_lettered: 1 };
  expect(describeStatus(makeObservation({ stats, hasDeadLetters: true }))).toMatchObject({
    state: "warn",
    detail: "The store refused events. They are listed under Dead letters.",
  });
  expect(describeStatus(makeObservation({ stats, hasDeadLetters: false })).state).toBe("good");
});

test("books that do not balance are reported before parts that do not work", () => {
  const observation = makeObservation({ stats: { drift: 1 }, health: NO_CONSUMER });
  expect(describeStatus(observation).title).toBe("The books do not balance");
});

test("a health that cannot be read is reported as a part that does not work", () => {
  expect(describeStatus({ ...makeObservation(), health: undefined })).toMatchObject({
    title: "Not every part works",
    detail: "The answer of /health cannot be read.",
  });
});

test("a status line without an answer says how old the figures are", () => {
  const observation = { ...makeObservation(), trouble: DISCONNECTED };
  expect(describeStatus(observation, 13_000)).toEqual({
    state: "bad",
    title: "Disconnected",
    detail: "Tidemark does not answer. Reconnecting … The figures are 12 s old.",
  });
  expect(describeStatus({ trouble: STORE_UNREACHABLE })).toMatchObject({
    title: "The books cannot be read",
    detail: "The store cannot be reached.",
  });
});
