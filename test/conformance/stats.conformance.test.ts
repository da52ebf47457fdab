import { describe, expect, test } from "vitest";
import { eventually, readUtc } from "./expectations.ts";
import { call, getJson, type JsonObject } from "./http-client.ts";
import { makeEvent, makeEvents, postJson, publish, uniqueTopic } from "./publishing.ts";

interface Stats extends JsonObject {
  received: number;
  unique_processed: number;
  duplicate_dropped: number;
  dead_lettered: number;
  conflicts: number;
  queue_size: number;
  topics_total: number;
  by_topic: JsonObject[];
  by_source: SourceStats[];
  sources_total: number;
  /** Null if it is unknown at the moment. */
  drift: number | null;
}

interface SourceStats {
  source: string;
  duplicate_dropped: number;
  conflicts: number;
  ages: { within_seconds: number | null; count: number }[];
}

async function getStats(query = ""): Promise<Stats> {
  return (await getJson(`/stats${query}`)) as Stats;
}

function expectBalance(stats: Stats): void {
  const { received, unique_processed, duplicate_dropped, dead_lettered, queue_size } = stats;
  expect(received).toBe(unique_processed + duplicate_dropped + dead_lettered + queue_size);
  expect(stats.drift ?? 0).toBe(0);
}

/** The duplicates of a source; all 0 if the source is not shown. */
function copiesOf({ by_source }: Stats, source: string): Omit<SourceStats, "source"> {
  const none = {
    duplicate_dropped: 0,
    conflicts: 0,
    ages: AGE_BOUNDS.map((bound) => ({ within_seconds: bound, count: 0 })),
  };
  return by_source.find((books) => books.source === source) ?? none;
}

const AGE_BOUNDS = [1, 60, 3_600, 86_400, 604_800, null];

describe("GET /stats", () => {
  test("GET /stats has every figure of the books, and they balance", async () => {
    await publish(makeEvent({ topic: uniqueTopic() }));

    const stats = await getStats();

    const count = expect.toSatisfy((value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0, "a count");
    expect(stats).toMatchObject({
      received: count,
      unique_processed: count,
      duplicate_dropped: count,
      conflicts: count,
      dead_lettered: count,
      queue_size: count,
      topics_total: count,
      topics: expect.arrayContaining([expect.any(String)]),
      oldest_queued_seconds: expect.any(Number),
      uptime_seconds: expect.any(Number),
      uptime_human: expect.stringMatching(/\d+s$/),
      sources_total: count,
      drift: 0,
    });
    expect(stats.by_topic.length).toBe((stats.topics as string[]).length);
    expectBalance(stats);
  });

  test("GET /stats shows the figures of one topic", async () => {
    const topic = `${uniqueTopic()} */\u{1f600}`;
    const events = makeEvents(topic, 4);
    await publish([...events, events[0]]);
    await publish({ ...events[1], source: "another" });

    const { by_topic } = await getStats(`?topic=${encodeURIComponent(topic)}`);

    expect(by_topic).toMatchObject([
      { topic, received: 6, unique_processed: 4, duplicate_dropped: 2, conflicts: 1, dead_lettered: 0 },
    ]);
    expect(readUtc(by_topic[0]?.last_processed_at).second).toMatch(/^20/);
  });

  test("GET /stats lists no more topics and sources than asked for, and its counts stay those of all", async () => {
    await publish([makeEvent({ topic: uniqueTopic() }), makeEvent({ topic: uniqueTopic() })]);

    const [none, one] = [await getStats("?limit=0"), await getStats("?limit=1")];

    expect(none).toMatchObject({ topics: [], by_topic: [], by_source: [] });
    expect(one.by_topic).toHaveLength(1);
    expect(one.by_source.length).toBeLessThan(2);
    for (const stats of [none, one]) {
      expect(stats.topics_total).toBeGreaterThan(1);
      expectBalance(stats);
    }
    expect((await call("/stats?limit=1001")).status).toBe(400);
  });

  test("GET /stats counts refused publishes by their code", async () => {
    const requests = (stats: Stats) => {
      const found = (stats.refused as JsonObject[]).find(({ code }) => code === "invalid_event");
      return Number(found?.requests ?? 0);
    };
    const before = requests(await getStats());
    expect((await postJson(JSON.stringify({ topic: uniqueTopic() }))).status).toBe(422);

    const after = await eventually("the refusal in /stats", getStats, (stats) => requests(stats) > before);

    expect(after.refused).toContainEqual({
      code: "invalid_event",
      status: 422,
      requests: expect.any(Number),
      first_at: expect.stringMatching(/^20.*Z$/),
      last_at: expect.stringMatching(/^20.*Z$/),
    });
  });

  test("GET /stats counts conflicts among the duplicates", async () => {
    const before = await getStats();
    const event = makeEvent({ topic: uniqueTopic() });
    await publish([event, event, { ...event, payload: { other: true } }]);

    const after = await getStats();

    expect(after.duplicate_dropped - before.duplicate_dropped).toBe(2);
    expect(after.conflicts - before.conflicts).toBe(1);
  });

  test("GET /stats counts duplicates by source and by age", async () => {
    // The name is the same in all runs and gets many duplicates, so that it stays among the sources that are shown.
    const source = "conformance.copies";
    const before = copiesOf(await getStats(), source);
    const event = makeEvent({ topic: uniqueTopic(), source });
    await publish([event, ...Array.from({ length: 300 }, () => event), { ...event, payload: { other: true } }]);

    const after = copiesOf(await getStats(), source);

    expect(after.duplicate_dropped - before.duplicate_dropped).toBe(301);
    expect(after.conflicts - before.conflicts).toBe(1);
    expect(after.ages.map((age) => age.within_seconds)).toEqual(AGE_BOUNDS);
    expect(after.ages.map(({ count }, age) => count - Number(before.ages[age]?.count))).toEqual([301, 0, 0, 0, 0, 0]);
  });

  test("GET /stats counts a new topic at once", async () => {
    const before = await getStats();
    await publish([...makeEvents(uniqueTopic(), 1), ...makeEvents(uniqueTopic(), 1)]);

    expect((await getStats()).topics_total - before.topics_total).toBe(2);
  });

  test("GET /stats counts each of 300 publishes exactly and at once", async () => {
    const topic = uniqueTopic();
    let before = await getStats();
    for (let round = 0; round < 300; round++) {
      const events = makeEvents(topic, 1 + (round % 4), round * 2); // overlaps the events of the round before

      const { received, accepted, duplicates } = await publish(events);
      const after = await getStats();

      expectBalance(after);
      expect({
        received: after.received - before.received,
        accepted: after.unique_processed - before.unique_processed,
        duplicates: after.duplicate_dropped - before.duplicate_dropped,
      }).toEqual({ received, accepted, duplicates });
      before = after;
    }
  });

  test("GET /stats balances and never decreases while others publish", async () => {
    const topic = uniqueTopic();
    const before = await getStats();
    let isPublishing = true;
    const publishing = Promise.all(
      Array.from({ length: 4 }, async (_, client) => {
        for (let batch = 0; batch < 25; batch++) await publish(makeEvents(topic, 20, client * 100 + batch * 10));
      }),
    ).finally(() => {
      isPublishing = false;
    });
    let last = before.received;
    while (isPublishing) {
      const stats = await getStats();
      expectBalance(stats);
      expect(stats.received).toBeGreaterThanOrEqual(last);
      last = stats.received;
    }
    await publishing;

    expect((await getStats()).received - before.received).toBe(4 * 25 * 20);
  });
});
