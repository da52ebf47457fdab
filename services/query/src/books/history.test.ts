import type { HistoryQuery } from "@tidemark/event-store/history";
import { createHttpServer } from "@tidemark/runtime/http-server";
import { createLogger } from "@tidemark/telemetry/logger";
import { expect, onTestFinished, test, vi } from "vitest";
import { openQueryFixture } from "../query-fixture.ts";
import { registerHistory, stepsOf } from "./history.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse("2025-10-23T10:07:30Z");
const event = (event_id: string, topic = "t") => ({
  ...{ topic, event_id, source: "s" },
  timestamp: "2025-10-23T10:00:00.000000Z",
});

test.each([
  ["the last hour, minute by minute", { step: 1 }, ["09:07", "10:08"]],
  ["whole steps that cover the range", { since: NOW - HOUR, until: NOW - MINUTE, step: 5 }, ["09:05", "10:10"]],
  ["an end in the future is now", { since: NOW - HOUR, until: NOW + HOUR, step: 60 }, ["09:00", "11:00"]],
  ["a step of days", { since: NOW - 25 * HOUR, step: 1_440 }, ["00:00", "00:00"]],
])("a history has %s", (_name, parameters, expected) => {
  const { sinceMs, untilMs } = stepsOf(parameters, NOW);

  expect([sinceMs, untilMs].map((ms) => new Date(ms).toISOString().slice(11, 16))).toEqual(expected);
});

test("a history of too many steps is refused with a step that is long enough", () => {
  const since = NOW - 30 * 24 * HOUR;
  const read = (step: number) => stepsOf({ since, step }, NOW);

  expect(() => read(1)).toThrow("step gives 43201 steps, and an answer has 1000 at most: ask for 44m or longer");
  expect((read(44).untilMs - read(44).sinceMs) / (44 * MINUTE)).toBeLessThanOrEqual(1_000);
});

test.each([
  ["after its end", NOW, NOW - 1],
  ["in the future", NOW + 1, undefined],
])("a history that begins %s is refused", (_name, since, until) => {
  expect(() => stepsOf({ since, ...(until !== undefined && { until }), step: 1 }, NOW)).toThrow("since must be before");
});

test.each([
  "step=0m",
  "step=5",
  "step=1.5h",
  "step=99999d",
  "since=yesterday",
  "until=2025-10-23",
  "topic=",
  "step=1m&since=0001-01-01T00:00:00Z",
])("GET /stats/history?%s is 400", async (query) => {
  const { server } = await openQueryFixture(onTestFinished);

  const answer = await server.inject(`/stats/history?${query}`);

  expect([answer.statusCode, answer.json().code]).toEqual([400, "invalid_parameter"]);
});

test("GET /stats/history answers every step, the starts of services, and the minute in which it began", async () => {
  const { server, store, storeEvents, hearGateway } = await openQueryFixture(onTestFinished);
  await storeEvents([event("a"), event("a"), event("b", "other")]);
  await store.recordStart("single");
  hearGateway({ startedAtMs: Date.now() });
  hearGateway({ gatewayId: "long ago", startedAtMs: 0 });

  const { headers, ...answer } = await server.inject("/stats/history?step=2h");

  const history = answer.json();
  expect(headers["content-type"]).toContain("application/json");
  expect(history).toMatchObject({ step_seconds: 7_200, topic: null, begins_at: expect.stringMatching(/:\d\d:00Z$/) });
  const last = history.steps.at(-1);
  expect(history.steps).toHaveLength((Date.parse(history.until) - Date.parse(history.since)) / (2 * HOUR));
  expect(last).toEqual({
    ...{ start: last.start, received: 3, stored: 2, duplicates: 1, conflicts: 0, dead_lettered: 0 },
    complete: true,
  });
  expect(history.starts).toEqual([
    { start: last.start, service: "single", count: 1 },
    { start: last.start, service: "gateway", count: 1 },
  ]);
  const ofTopic = (await server.inject("/stats/history?step=2h&topic=other")).json();
  expect(ofTopic).toMatchObject({ topic: "other" });
  expect(ofTopic.steps.at(-1)).toMatchObject({ received: 1, complete: true });
});

test("a client reads one history at a time, however different they are, and another client is answered meanwhile", async () => {
  const server = createHttpServer({ logger: createLogger({ service: "test", level: "silent" }) });
  onTestFinished(() => server.close());
  const reads: HistoryQuery[] = [];
  const slow = Promise.withResolvers<void>();
  const readHistory = async (query: HistoryQuery) => {
    reads.push(query);
    if (reads.length === 1) await slow.promise;
    return { steps: [], starts: [] };
  };
  registerHistory(server, { reader: { readHistory }, gatewayStarts: () => [], maxWaitMs: 1 });
  const ask = async (step: string, remoteAddress: string) =>
    server.inject({ url: `/stats/history?step=${step}`, remoteAddress });

  const first = ask("1m", "10.0.0.1");
  await vi.waitFor(() => expect(reads).toHaveLength(1));
  const second = await ask("2m", "10.0.0.1");
  const other = await ask("2m", "10.0.0.2");
  slow.resolve();

  expect([second.statusCode, second.json().code]).toEqual([429, "too_many_lists"]);
  expect(other.statusCode).toBe(200);
  expect((await first).statusCode).toBe(200);
});
