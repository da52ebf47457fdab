import { describe, expect, test } from "vitest";
import { eventually, expectProblem, readUtc } from "./expectations.ts";
import { call, getJson, type JsonObject, readJson } from "./http-client.ts";
import { makeEvent, makeEvents, publish, publishText, uniqueTopic } from "./publishing.ts";

interface Duplicate extends JsonObject {
  event_id: string;
  received_at: string;
  first_processed_at: string;
  age_seconds: number;
}

interface Page extends JsonObject {
  count: number;
  duplicates: Duplicate[];
  next_cursor: string | null;
}

async function getPage(query: Record<string, string>): Promise<Page> {
  return (await getJson(`/duplicates?${new URLSearchParams(query)}`)) as Page;
}

/** Reads all pages. A page may be short or empty although another one follows. */
async function walk(query: Record<string, string>): Promise<Duplicate[]> {
  const seen: Duplicate[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await getPage({ ...query, ...(cursor === null ? {} : { cursor }) });
    expect(page.count).toBe(page.duplicates.length);
    expect(page.count).toBeLessThanOrEqual(Number(query.limit ?? 100));
    seen.push(...page.duplicates);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return seen;
}

function idsOf(copies: Duplicate[]): string[] {
  return copies.map(({ event_id }) => event_id).toSorted();
}

/** Publishes one plain duplicate from `a`, `same`, and a conflict from `a` and from `b`, `differs-a` and `differs-b`. */
async function publishCopies(topic: string): Promise<void> {
  const copies = [
    { event_id: "same", source: "a" },
    { event_id: "differs-a", source: "a", payload: { n: 2 } },
    { event_id: "differs-b", source: "b" },
  ];
  await publish(copies.map(({ event_id }) => makeEvent({ topic, event_id, source: "a" })));
  for (const copy of copies) await publish(makeEvent({ topic, ...copy }));
}

describe("GET /duplicates", () => {
  test("GET /duplicates shows the source, the time and the lag of a dropped duplicate", async () => {
    const topic = uniqueTopic();
    const event = makeEvent({ topic, source: "original" });
    await publish(event);
    await publish(event);

    const [copy, ...others] = await walk({ topic });

    expect(others).toEqual([]);
    expect(copy).toEqual({
      topic,
      event_id: "evt-001",
      source: "original",
      received_at: expect.any(String),
      first_processed_at: expect.any(String),
      age_seconds: expect.any(Number),
      conflict: false,
    });
    const late = Date.parse(String(copy?.received_at)) - Date.parse(String(copy?.first_processed_at));
    expect(Math.abs(Number(copy?.age_seconds) - Math.max(0, late) / 1_000)).toBeLessThan(0.0021);
    expect(readUtc(copy?.received_at).second).toMatch(/^20/);
  });

  test("GET /duplicates shows the same processing time as GET /events", async () => {
    const topic = uniqueTopic();
    await publish([makeEvent({ topic }), makeEvent({ topic })]);

    const [copy] = await walk({ topic });

    const { events } = await getJson(`/events?topic=${topic}`);
    const [stored] = events as JsonObject[];
    expect(readUtc(copy?.first_processed_at)).toEqual(readUtc(stored?.processed_at));
    expect(copy?.age_seconds).toBeGreaterThanOrEqual(0);
  });

  test("GET /duplicates shows the whole content of a conflict with all digits", async () => {
    const topic = uniqueTopic();
    const text = (payload: string, trace: string) =>
      `{"topic":${JSON.stringify(topic)},"event_id":"e/1","timestamp":"2025-10-23T12:00:00.1234567+02:00",` +
      `"source":"s","payload":${payload},"trace":${trace}}`;
    const payload = '{"big":12345678901234567890,"small":0.1000000000000000055,"ten":1.0e1}';
    await publishText(text("{}", "1"));
    await publishText(text(payload, "18446744073709551617"));

    const reply = await call(`/duplicates?topic=${topic}`);

    const { duplicates } = readJson(reply) as Page;
    expect(duplicates).toHaveLength(1);
    expect(duplicates[0]).toMatchObject({ topic, event_id: "e/1", source: "s", conflict: true });
    const { event } = duplicates[0] as { event?: JsonObject };
    expect(event).toMatchObject({ topic, event_id: "e/1", source: "s" });
    expect(readUtc(event?.timestamp)).toEqual({ second: "2025-10-23T10:00:00", microseconds: "123456" });
    for (const digits of ["12345678901234567890", "0.1000000000000000055", "18446744073709551617"]) {
      expect(reply.text).toContain(digits);
    }
  });

  test("GET /duplicates filters by the source of the duplicate", async () => {
    const topic = uniqueTopic();
    await publishCopies(topic);

    expect(idsOf(await walk({ topic, source: "b" }))).toEqual(["differs-b"]);
    expect(idsOf(await walk({ topic, source: "a" }))).toEqual(["differs-a", "same"]);
    expect(await walk({ topic, source: "A" })).toEqual([]);
  });

  test("GET /duplicates shows only conflicts, or only other duplicates", async () => {
    const topic = uniqueTopic();
    await publishCopies(topic);

    expect(idsOf(await walk({ topic, conflicting: "true" }))).toEqual(["differs-a", "differs-b"]);
    expect(idsOf(await walk({ topic, conflicting: "false" }))).toEqual(["same"]);
    expect(idsOf(await walk({ topic, conflicting: "true", source: "a" }))).toEqual(["differs-a"]);
    expect(idsOf(await walk({ topic }))).toEqual(["differs-a", "differs-b", "same"]);
  });

  test("GET /duplicates filters by topic, and shows every topic without a filter", async () => {
    const [one, other] = [`${uniqueTopic()} %_&`, uniqueTopic()];
    await publish([one, one, other, other].map((topic) => makeEvent({ topic })));

    const ofOne = await getPage({ topic: one });
    const ofAll = await getPage({ limit: "1000" });

    expect(ofOne.duplicates.map(({ topic }) => topic)).toEqual([one]);
    expect(ofAll.duplicates.map(({ topic }) => topic)).toEqual(expect.arrayContaining([one, other]));
  });

  test("GET /duplicates begins with the newest", async () => {
    const topic = uniqueTopic();
    await publish(makeEvents(topic, 4));
    for (const event of makeEvents(topic, 4)) await publish(event);

    const copies = await walk({ topic, limit: "3" });

    expect(copies.map(({ event_id }) => event_id)).toEqual(["e3", "e2", "e1", "e0"]);
  });

  test("GET /duplicates lists every duplicate exactly once, at any page size", async () => {
    const topic = uniqueTopic();
    const events = makeEvents(topic, 65);
    await publish([...events, ...events]);

    for (const limit of ["1", "8", "65", "1000"]) {
      expect(idsOf(await walk({ topic, limit }))).toEqual(events.map(({ event_id }) => event_id).toSorted());
    }
  });

  test("GET /duplicates names the next page in Link", async () => {
    const topic = uniqueTopic();
    await publish([...makeEvents(topic, 2), ...makeEvents(topic, 2)]);

    const first = await call(`/duplicates?topic=${topic}&conflicting=false&limit=1`);
    const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(first.headers.link))?.[1] ?? "";
    const target = new URL(link, "http://service/duplicates");
    const second = await call(`${target.pathname}${target.search}`);

    const seen = [first, second].flatMap((reply) => (readJson(reply) as Page).duplicates);
    expect(idsOf(seen)).toEqual(["e0", "e1"]);
  });

  test("GET /duplicates lists as many duplicates as the books count", async () => {
    const topic = uniqueTopic();
    await publishCopies(topic);

    const { by_topic } = await eventually(
      "the books of the topic",
      () => getJson(`/stats?topic=${topic}`),
      (stats) => (stats.by_topic as unknown[]).length === 1,
    );

    expect(by_topic).toMatchObject([{ duplicate_dropped: (await walk({ topic })).length }]);
  });

  test.each(["order=asc", "conflicting=yes", "conflicting=", "limit=0", "limit=1001", "topic=", "source=a&source=b"])(
    "GET /duplicates refuses %s",
    async (parameters) => {
      expect(expectProblem(await call(`/duplicates?${parameters}`), 400).code).toBe("invalid_parameter");
    },
  );

  test("GET /duplicates refuses a cursor of other filters or of another list", async () => {
    const topic = uniqueTopic();
    await publish([...makeEvents(topic, 2), ...makeEvents(topic, 2)]);
    const { next_cursor: cursor } = await getPage({ topic, limit: "1" });
    const { next_cursor: ofEvents } = await getJson(`/events?topic=${topic}&limit=1`);

    for (const query of [`cursor=${cursor}`, `topic=${topic}&cursor=${ofEvents}`, `topic=${topic}&cursor=abc`]) {
      expect(expectProblem(await call(`/duplicates?${query}`), 400).code).toBe("invalid_cursor");
    }
    expectProblem(await call(`/events?topic=${topic}&cursor=${cursor}`), 400);
  });
});
