import { describe, expect, test } from "vitest";
import { eventually } from "./expectations.ts";
import { call, getJson, type JsonObject, readJson } from "./http-client.ts";
import { makeEvents, publish, uniqueTopic } from "./publishing.ts";

interface Page extends JsonObject {
  count: number;
  events: { topic: string; event_id: string }[];
  next_cursor?: string | null;
}

async function getPage(query: Record<string, string>): Promise<Page> {
  return (await getJson(`/events?${new URLSearchParams(query)}`)) as Page;
}

function idsOf(page: Page): string[] {
  return page.events.map(({ event_id }) => event_id);
}

/** Publishes each event by a separate request, so that the order of processing is known. */
async function publishInOrder(topic: string, count: number, firstNumber = 0): Promise<string[]> {
  const events = makeEvents(topic, count, firstNumber);
  for (const event of events) await publish(event);
  return events.map(({ event_id }) => String(event_id));
}

/** Reads all pages. `between` runs after each page. */
async function walk(query: Record<string, string>, between = async () => {}): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page: Page = await getPage({ ...query, ...(cursor ? { cursor } : {}) });
    expect(page.count).toBe(page.events.length);
    expect(page.count).toBeLessThanOrEqual(Number(query.limit));
    ids.push(...idsOf(page));
    cursor = page.next_cursor;
    await between();
  } while (cursor);
  return ids;
}

describe("GET /events, newest first", () => {
  test("GET /events lists the events of the topics that begin with a prefix", async () => {
    const prefix = `${uniqueTopic()}.`;
    await publishInOrder(`${prefix}a`, 1);
    await publishInOrder(`${prefix}b`, 1, 1);
    await publishInOrder(prefix.toUpperCase(), 1, 2);

    expect(await walk({ topic_prefix: prefix, limit: "1" })).toEqual(["e1", "e0"]);
    expect(await walk({ topic_prefix: prefix, topic: `${prefix}a`, limit: "1" })).toEqual(["e0"]);
    expect(await walk({ topic_prefix: `${prefix}b`, topic: `${prefix}a`, limit: "1" })).toEqual([]);
  });

  test("GET /events shows confirmed events at once, the newest first", async () => {
    const topic = uniqueTopic();
    const ids = await publishInOrder(topic, 5);

    const page = await getPage({ topic });

    expect(page).toMatchObject({ topic, count: 5 });
    expect(idsOf(page)).toEqual(ids.toReversed());
    expect(page.next_cursor ?? null).toBeNull();
  });

  test("GET /events is empty for an unknown topic", async () => {
    const topic = uniqueTopic();

    expect(await getPage({ topic })).toMatchObject({ topic, count: 0, events: [] });
  });

  test("GET /events shows only the topic of its filter, which is compared literally", async () => {
    const topic = `${uniqueTopic()} %_*/+?&\u{1f600}`;
    await publish([...makeEvents(topic, 1), ...makeEvents(`${topic}x`, 1), ...makeEvents(topic.toUpperCase(), 1)]);

    const page = await getPage({ topic });

    expect(page.events.map((event) => event.topic)).toEqual([topic]);
  });

  test("GET /events lists 100 events by default, and 1,000 on request", async () => {
    const topic = uniqueTopic();
    await publish(makeEvents(topic, 1_001));

    expect(await getPage({ topic })).toMatchObject({ count: 100 });
    expect(await getPage({ topic, limit: "1000" })).toMatchObject({ count: 1_000 });
    expect(await getPage({ topic, limit: "1" })).toMatchObject({ count: 1 });
  });

  test("GET /events lists every event exactly once, at any page size", async () => {
    const topic = uniqueTopic();
    const all = makeEvents(topic, 257).map(({ event_id }) => event_id);
    await publish(makeEvents(topic, 257));

    for (const limit of ["1", "4", "64", "257", "1000"]) {
      const ids = await walk({ topic, limit });
      expect(ids.toSorted()).toEqual(all.toSorted());
    }
  });

  test("the pages of GET /events are not disturbed by later events", async () => {
    const topic = uniqueTopic();
    const ids = await publishInOrder(topic, 10);
    let more = 1_000;
    const publishMore = async () => {
      await publish(makeEvents(topic, 3, more));
      more += 3;
    };

    const seen = await walk({ topic, limit: "3" }, publishMore);

    expect(seen).toEqual(ids.toReversed());
  });

  test("GET /events names the next page in Link, if there is one", async () => {
    const topic = uniqueTopic();
    const ids = await publishInOrder(topic, 3);

    const first = await call(`/events?topic=${topic}&limit=2`);
    const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(first.headers.link))?.[1] ?? "";
    const target = new URL(link, "http://service/events");
    const second = await call(`${target.pathname}${target.search}`);

    expect(idsOf(readJson(second) as Page)).toEqual([ids[0]]);
    expect(String(second.headers.link ?? "")).not.toContain("next");
  });

  test("GET /events without a topic shows the events of all topics", async () => {
    const [one, other] = [uniqueTopic(), uniqueTopic()];
    await publish([...makeEvents(one, 2), ...makeEvents(other, 2)]);

    const page = await getPage({ limit: "1000" });

    const topics = page.events.map(({ topic }) => topic);
    expect(topics.filter((topic) => topic === one)).toHaveLength(2);
    expect(topics.filter((topic) => topic === other)).toHaveLength(2);
  });
});

describe("GET /events?order=asc", () => {
  test("GET /events?order=asc always has a cursor, and continues after new events", async () => {
    const topic = uniqueTopic();
    const ids = await publishInOrder(topic, 5);
    const query = { topic, order: "asc", limit: "3" };
    // In ascending order an event may appear late, because no older event may follow it.
    await eventually(
      "five events to scan",
      () => getPage({ topic, order: "asc" }),
      ({ count }) => count === 5,
    );

    const first = await getPage(query);
    const second = await getPage({ ...query, cursor: String(first.next_cursor) });
    const third = await getPage({ ...query, cursor: String(second.next_cursor) });
    expect([...idsOf(first), ...idsOf(second), ...idsOf(third)]).toEqual(ids);
    expect(third.next_cursor).toEqual(expect.any(String));

    const more = await publishInOrder(topic, 2, 100);
    const onwards = { ...query, cursor: String(third.next_cursor) };
    const later = await eventually(
      "two more",
      () => getPage(onwards),
      ({ count }) => count === 2,
    );
    expect(idsOf(later)).toEqual(more);
  });

  test("GET /events?order=asc has a cursor before the first event, and that event follows it", async () => {
    const topic = uniqueTopic();
    const { next_cursor: cursor, count } = await getPage({ topic, order: "asc" });
    expect({ cursor, count }).toEqual({ cursor: expect.any(String), count: 0 });

    await publish(makeEvents(topic, 1));

    const onwards = { topic, order: "asc", cursor: String(cursor) };
    await eventually(
      "the first event",
      () => getPage(onwards),
      (page) => page.count === 1,
    );
  });

  test("GET /events?order=asc lists every event once while 8 clients publish", async () => {
    const topic = uniqueTopic();
    const publishing = Promise.all(
      Array.from({ length: 8 }, async (_, client) => {
        for (let batch = 0; batch < 10; batch++) await publish(makeEvents(topic, 5, client * 1_000 + batch * 5));
      }),
    );
    const seen: string[] = [];
    let cursor: string | undefined;
    const step = async () => {
      const page = await getPage({ topic, order: "asc", limit: "7", ...(cursor ? { cursor } : {}) });
      seen.push(...idsOf(page));
      cursor = String(page.next_cursor);
      return seen.length;
    };

    await eventually("400 events in the scan", step, (count) => count >= 400, 30_000);
    await publishing;
    await step();

    expect(seen).toHaveLength(400);
    expect(new Set(seen).size).toBe(400);
  });
});
