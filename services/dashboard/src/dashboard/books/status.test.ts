import { expect, test } from "vitest";
import type { HealthAnswer, StatsAnswer } from "../api/contract.d.ts";
import { DISCONNECTED, LIMITED, makeObservation, STORE_UNREACHABLE, UNSAFE } from "./observation-fixture.ts";
import { describeStatus } from "./status.js";

const AUDIT_WITH_DIFFERENCES = { audited_at: "2025-10-23T10:00:00.000000Z", balanced: false, differences_total: 1 };
const NO_CONSUMER: Partial<HealthAnswer> = {
  status: "unhealthy",
  consumer_running: false,
  reasons: ["no consumer sent a heartbeat within 5 seconds"],
};
const NO_GATEWAY: Partial<HealthAnswer> = {
  status: "unhealthy",
  gateway_running: false,
  reasons: ["no gateway sent a heartbeat within 5 seconds"],
};
const LOG_AWAY: Partial<HealthAnswer> = {
  ...NO_CONSUMER,
  gateway_running: false,
  log_bytes: null,
  reasons: [
    "the log does not answer",
    "no consumer sent a heartbeat within 5 seconds",
    "no gateway sent a heartbeat within 5 seconds",
  ],
};
const SILENT = [
  { part: "consumer" as const, id: "0193a7a8-5f0e", silent_since: "2025-10-23T09:59:29.000Z" },
  { part: "gateway" as const, id: "0193a7a8-5f0f", silent_since: "2025-10-23T09:00:00.000Z" },
];
const CONFLICT_AT = "2025-10-23T10:00:00.000000Z";
const SOON_AFTER = Date.parse("2025-10-23T10:03:00.000Z");

const textOf = ({ findings }: ReturnType<typeof describeStatus>) => findings.map(({ text }) => text).join(" ");
const NO_LOG: Partial<StatsAnswer> = {
  received: 9,
  queue_size: null,
  oldest_queued_seconds: null,
  incomplete: ["log"],
};

const GOOD = { state: "good", title: "All is well" };
const GOOD_TOPICS = { state: "good", title: "All is well in the topics of this key" };
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
  ["no consumer runs", {}, NO_CONSUMER, { state: "bad", title: "Events are not being stored" }],
  ["no gateway runs", {}, NO_GATEWAY, { state: "bad", title: "Publishing does not work" }],
  ["the log is away", {}, LOG_AWAY, { state: "bad", title: "Publishing is refused" }],
  ["a part does not work", {}, { status: "unhealthy", reasons: ["a damaged page"] }, BROKEN],
  ["the log is nearly full", {}, { log_bytes: 95, log_max_bytes: 100 }, ATTENTION],
  ["the log did not answer /stats alone", NO_LOG, {}, ATTENTION],
  ["a key sees only its topics", LIMITED, {}, GOOD_TOPICS],
  ["a key sees only its topics, and the log is away", LIMITED, LOG_AWAY, { title: "Publishing is refused" }],
  ["the oldest queued event has waited for more than 30 s", { oldest_queued_seconds: 31 }, {}, ATTENTION],
  ["the settings of the store are unsafe", {}, { durability: UNSAFE }, ATTENTION],
])("the status line when %s", (_name, stats, health, status) => {
  expect(describeStatus(makeObservation({ stats, health }))).toMatchObject(status);
});

test("a dead letter on record needs attention, says since when, and leads to its view", () => {
  const stats = { dead_lettered: 1 };
  const { state, findings } = describeStatus(makeObservation({ stats, oldestDeadLetterAt: CONFLICT_AT }));
  expect(state).toBe("warn");
  const text = expect.stringMatching(/^The store refused 1 event, the oldest on 2025-10-2/);
  expect(findings).toEqual([{ text, href: "#/dead-letters" }]);
  expect(describeStatus(makeObservation({ stats })).state).toBe("good");
});

test("a conflict needs attention for a day, and leads to its view", () => {
  const observation = makeObservation({ stats: { conflicts: 1 }, latestConflictAt: CONFLICT_AT });
  const { state, findings } = describeStatus(observation, SOON_AFTER);
  expect(state).toBe("warn");
  expect(findings).toEqual([
    { text: "Producers sent other content under stored ids: 1 conflict, the latest 3 min ago.", href: "#/conflicts" },
  ]);
  expect(describeStatus(observation, SOON_AFTER + 24 * 3_600_000).state).toBe("good");
});

test("without the log the effect on producers is told, and nothing of parts that are only unheard", () => {
  const observation = { ...makeObservation({ health: { ...LOG_AWAY, missing: SILENT } }), silences: { log: 1_000 } };
  const { findings } = describeStatus(observation, 32_000);
  expect(findings.map(({ text }) => text)).toEqual([
    expect.stringMatching(
      /^The log has not answered since \d\d:\d\d:29 \(31 s\), so publishing is refused\. Confirmed events stay in the log\.$/,
    ),
  ]);
  const unheard = { ...makeObservation({ health: LOG_AWAY }), silences: { log: 1_000 } };
  expect(textOf(describeStatus(unheard, 32_000))).toContain("has not answered for at least 31 s, so");
});

test("a silence is as long as that of the process that fell silent last, by the clock of the service", () => {
  const observation = makeObservation({ health: { ...NO_CONSUMER, missing: SILENT } });
  expect(textOf(describeStatus(observation))).toMatch(
    /^No consumer has sent a heartbeat since \d\d:\d\d:29 \(31 s\), so events wait in the log\.$/,
  );
});

test("a silence of unknown processes is as long as this page has seen it", () => {
  const observation = { ...makeObservation({ health: NO_CONSUMER }), silences: { consumer: 1_000 } };
  expect(textOf(describeStatus(observation, 61_000))).toContain("a heartbeat for at least 1 min, so");
});

test("two parts that do not run are both told", () => {
  const health = { ...NO_CONSUMER, ...NO_GATEWAY, consumer_running: false };
  expect(describeStatus(makeObservation({ health })).findings).toHaveLength(2);
});

test("books that do not balance are reported before parts that do not work", () => {
  const observation = makeObservation({ stats: { drift: 1 }, health: NO_CONSUMER });
  expect(describeStatus(observation).title).toBe("The books do not balance");
});

test("a health that cannot be read is reported as a part that does not work", () => {
  const status = describeStatus({ ...makeObservation(), health: undefined });
  expect(status.title).toBe("Not every part works");
  expect(textOf(status)).toBe("The answer of /health cannot be read.");
});

test("a status line without an answer says how old the figures are", () => {
  const status = describeStatus({ ...makeObservation(), trouble: DISCONNECTED }, 13_000);
  expect(status).toMatchObject({ state: "bad", title: "Disconnected" });
  expect(textOf(status)).toBe("Tidemark does not answer. Reconnecting … The figures are 12 s old.");
  const unread = describeStatus({ trouble: STORE_UNREACHABLE });
  expect(unread.title).toBe("The books cannot be read");
  expect(textOf(unread)).toBe("The store cannot be reached.");
});

test("an edge that answers in place of the query service says nothing about publishing", () => {
  const status = describeStatus({ trouble: { ...DISCONNECTED, isBehindProxy: true } });
  expect(textOf(status)).toContain("The query service does not answer. Publishing may still work");
});

const REFUSED_BY = {
  producer: { code: "invalid_event", status: 422, requests: 6 },
  service: { code: "log_unreachable", status: 503, requests: 20 },
};
const refusedAt = (minute: string) => ({
  first_at: `2025-10-23T10:${minute}:00.000Z`,
  last_at: `2025-10-23T10:${minute}:30.000Z`,
});

test("recent refusals say whose fault they are and since when, those of the service first", () => {
  const refused = [
    { ...REFUSED_BY.producer, ...refusedAt("02") },
    { ...REFUSED_BY.service, ...refusedAt("01") },
  ];
  const status = describeStatus(makeObservation({ stats: { refused } }), SOON_AFTER);

  expect(status).toMatchObject(ATTENTION);
  expect(status.findings[0]?.text).toMatch(
    /^Tidemark could not take 20 publishes since \d\d:01:00, the latest 1.5 min ago \(20 log_unreachable\)\./,
  );
  expect(status.findings[1]?.text).toMatch(
    /^Producers sent 6 publishes that Tidemark refused, since .*\(6 invalid_event\)\./,
  );
});

test("an outage is named before the refusals that it causes, and old refusals need no attention", () => {
  const refused = [{ ...REFUSED_BY.service, ...refusedAt("01") }];
  const during = describeStatus(makeObservation({ stats: { refused }, health: LOG_AWAY }), SOON_AFTER);
  expect(textOf(during)).toMatch(/^The log has not answered .* Tidemark could not take 20 publishes/);

  expect(describeStatus(makeObservation({ stats: { refused } }), SOON_AFTER + 15 * 60_000)).toMatchObject(GOOD);
});

test("a publish whose event is a dead letter is told once, as a dead letter", () => {
  const refused = [{ code: "dead_lettered", status: 422, requests: 1, ...refusedAt("01") }];
  const stats = { refused, dead_lettered: 1 };
  const status = describeStatus(makeObservation({ stats, oldestDeadLetterAt: CONFLICT_AT }), SOON_AFTER);
  expect(status.findings).toEqual([expect.objectContaining({ href: "#/dead-letters" })]);
});

test("a log that fills up is told behind the consumer that is away, as its effect", () => {
  const health = { ...NO_CONSUMER, log_bytes: 95, log_max_bytes: 100 };
  const { title, findings } = describeStatus(makeObservation({ health }));
  expect(title).toBe("Events are not being stored");
  expect(findings[1]?.text).toBe("The log is 95.0% full. A full log refuses events, until the store has caught up.");
});

test("a disk with little room needs attention", () => {
  const disks = [{ volume: "store" as const, free_bytes: 5_000_000, size_bytes: 100_000_000 }];
  const status = describeStatus(makeObservation({ health: { disks } }));
  expect(status.state).toBe("warn");
  expect(textOf(status)).toBe("The disk of the store is nearly full: 5 MB are free.");
});

const SUBSCRIPTION = {
  name: "billing",
  topic: null,
  topic_prefix: null,
  position: "AgAx",
  acknowledged: 500,
  created_at: "2025-10-23T08:00:00.000000Z",
  updated_at: "2025-10-23T08:03:00.000000Z",
  lag_events: 12,
  lag_exact: true,
  lag_seconds: 7_200,
  payloads_expire_in_seconds: null,
  payloads_expired: 0,
};

test("a subscription that is far behind is named, and needs attention only if retention removes what it has not read", () => {
  const observed = (fields: object) => ({ ...makeObservation(), subscriptions: [{ ...SUBSCRIPTION, ...fields }] });
  expect(describeStatus(observed({ lag_seconds: 60 }), SOON_AFTER).findings).toHaveLength(1);

  const late = describeStatus(observed({}), SOON_AFTER);
  expect(late).toMatchObject(GOOD);
  expect(late.findings[1]).toEqual({
    text: "The subscription billing is 2 h behind; last acknowledged: 2 h ago.",
    href: "#/subscriptions",
  });

  const losing = describeStatus(observed({ payloads_expired: 3 }), SOON_AFTER);
  expect(losing).toMatchObject(ATTENTION);
  expect(textOf(losing)).toBe("The subscription billing is 2 h behind: 3 unread payloads expired.");
});
