import { afterAll, expect, test } from "vitest";
import { openQueryFixture } from "../query-fixture.ts";

// All tests share one store, and each test has its own topics.
const { server, storeEvents } = await openQueryFixture(afterAll);

const BIG = "12345678901234567890";

async function readAllPages(first: string): Promise<string[]> {
  const ids: string[] = [];
  for (let url: string | undefined = first; url !== undefined; ) {
    const answer = await server.inject(url);
    const { events, next_cursor } = answer.json() as { events: { event_id: string }[]; next_cursor: string | null };
    ids.push(...events.map(({ event_id }) => event_id));
    const link = answer.headers.link as string | undefined;
    expect(link === undefined).toBe(next_cursor === null);
    const next = events.length === 0 ? undefined : /^<(\?[^>]+)>; rel="next"$/.exec(link ?? "")?.[1];
    url = next && `/events${next}`;
  }
  return ids;
}

test("events are listed newest first, with every digit of their numbers", async () => {
  await storeEvents([
    '{"topic":"exact","event_id":"1","timestamp":"2025-10-23T10:00:00Z","source":"test",' +
      `"payload":{"big":${BIG}},"attributes":{"tenth":0.10}}`,
  ]);
  await storeEvents([{ event_id: "2" }]);
  const answer = await server.inject("/events?limit=2");
  expect(answer.statusCode).toBe(200);
  expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
  expect(answer.json()).toMatchObject({ topic: null, count: 2, events: [{ event_id: "2" }, { event_id: "1" }] });
  expect(answer.body).toContain(`"payload":{"big":${BIG}}`);
  expect(answer.body).toContain('"attributes":{"tenth":0.10}');
});

test.each(["asc", "desc"])("a scan along the links returns every event of the topic once, %s", async (order) => {
  const topic = `a b/*>&😀 ${order}`;
  const ids = Array.from({ length: 5 }, (_, index) => `event-${index}`);
  for (const event_id of ids)
    await storeEvents([
      { topic, event_id },
      { topic: "other", event_id },
    ]);
  const met = await readAllPages(`/events?topic=${encodeURIComponent(topic)}&limit=2&order=${order}`);
  expect(met).toEqual(order === "asc" ? ids : ids.toReversed());
});

test("a forward scan of an empty topic ends with a cursor", async () => {
  const { next_cursor } = (await server.inject("/events?topic=later&order=asc")).json();
  expect(next_cursor).toEqual(expect.any(String));
  await storeEvents([{ topic: "later", event_id: "later" }]);
  const answer = await server.inject(`/events?topic=later&order=asc&cursor=${next_cursor}`);
  expect(answer.json()).toMatchObject({ count: 1, events: [{ event_id: "later" }], next_cursor: expect.any(String) });
});

test("a backward scan ends with next_cursor null", async () => {
  await storeEvents([{ topic: "ended", event_id: "1" }]);
  const answer = await server.inject("/events?topic=ended");
  expect(answer.json().next_cursor).toBeNull();
  expect(answer.headers.link).toBeUndefined();
});

test.each([
  ["topic=b", "other filters"],
  ["topic=listed&order=asc", "order=desc"],
  ["", "other filters"],
])("refuses a cursor of another list: %s", async (parameters, reason) => {
  await storeEvents(["1", "2"].map((event_id) => ({ topic: "listed", event_id })));
  const { next_cursor } = (await server.inject("/events?topic=listed&limit=1")).json();
  const answer = await server.inject(`/events?${parameters}&cursor=${next_cursor}`);
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ code: "invalid_cursor", detail: expect.stringContaining(reason) });
});

test.each([
  ["limit=0", "limit"],
  ["limit=1001", "limit"],
  ["limit=1e2", "limit"],
  ["limit=", "limit"],
  ["order=up", "order"],
  ["topic=", "topic"],
  ["topic=a&topic=b", "topic"],
  ["colour=red", "colour"],
])("refuses %s and names it", async (parameters, name) => {
  const answer = await server.inject(`/events?${parameters}`);
  expect(answer.statusCode).toBe(400);
  expect(answer.headers["content-type"]).toContain("application/problem+json");
  expect(answer.json()).toMatchObject({ code: "invalid_parameter", detail: expect.stringContaining(name) });
});

test.each([
  ["user.login", "evt-001"],
  ["a/b", "c/d/"],
  ["100%", "%2F"],
  ["*", ">"],
  ["with space", "tab-less + plus"],
  ["😀".repeat(255), "👩‍👩‍👧"],
  ["a;b", "c?d#e"],
  ["__proto__", "constructor"],
])("finds an event by its key: %j %j", async (topic, event_id) => {
  await storeEvents([{ topic, event_id }]);
  const answer = await server.inject(`/events/${encodeURIComponent(topic)}/${encodeURIComponent(event_id)}`);
  expect(answer.statusCode).toBe(200);
  expect(answer.json()).toMatchObject({ topic, event_id, source: "auth-service", payload: {} });
});

test("an event is not found under another topic", async () => {
  await storeEvents([{ topic: "known", event_id: "1" }]);
  const answer = await server.inject("/events/unknown/1");
  expect(answer.statusCode).toBe(404);
  expect(answer.json()).toMatchObject({ status: 404, code: "not_found" });
});

test.each(["/events/%E0%A4%A/x", "/events/x/%FF", "/events//x", "/events/x/", "/events/a%00b/x"])(
  "refuses a malformed key: %s",
  async (url) => {
    const answer = await server.inject(url);
    expect(answer.statusCode).toBe(400);
    expect(answer.headers["content-type"]).toContain("application/problem+json");
  },
);

test("a list applies its filters, and its link repeats them", async () => {
  const topic = "filtered";
  for (const minute of [0, 1, 2, 3])
    await storeEvents([
      { topic, event_id: `${minute}`, source: `s${minute % 2}`, timestamp: `2025-10-23T10:0${minute}:00Z` },
    ]);
  const idsOf = async (filters: string) => {
    const { events } = (await server.inject(`/events?topic=${topic}&${filters}`)).json();
    return events.map(({ event_id }: { event_id: string }) => event_id);
  };
  expect(await idsOf("source=s1")).toEqual(["3", "1"]);
  expect(await idsOf("event_id=2")).toEqual(["2"]);
  expect(await idsOf("since=2025-10-23T12:01:00%2B02:00&until=2025-10-23T10:03:00Z")).toEqual(["2", "1"]);
  expect(await readAllPages(`/events?topic=${topic}&source=s1&since=2025-10-23T10:00:00Z&limit=1`)).toEqual(["3", "1"]);
});

test.each([
  ["since=2025-10-23", "since"],
  ["until=2025-10-23T10:00:00", "until"],
  ["since=", "since"],
  ["source=", "source"],
  ["event_id=%00", "event_id"],
])("refuses the filter %s and names it", async (parameters, name) => {
  const answer = await server.inject(`/events?${parameters}`);
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ code: "invalid_parameter", detail: expect.stringContaining(name) });
});

test("a cursor is valid for every spelling of an instant, and for no other instant", async () => {
  await storeEvents([{ event_id: "a1" }, { event_id: "a2" }]);
  const first = (await server.inject("/events?limit=1&since=2025-10-23T10:00:00Z")).json();
  const next = (since: string) => server.inject(`/events?limit=1&since=${since}&cursor=${first.next_cursor}`);
  expect((await next("2025-10-23T12:00:00.000%2B02:00")).statusCode).toBe(200);
  expect((await next("2025-10-23T10:00:01Z")).json()).toMatchObject({ status: 400, code: "invalid_cursor" });
});
