import { describe, expect, onTestFinished, test } from "vitest";
import { API_KEY, BASE_URL } from "./environment.ts";
import { eventually, expectProblem } from "./expectations.ts";
import { call, getJson, type JsonObject } from "./http-client.ts";
import { makeEvent, makeEvents, publish, uniqueTopic } from "./publishing.ts";

const LINES = { accept: "application/x-ndjson" };

function idsOf(events: unknown): string[] {
  return (events as { event_id: string }[]).map(({ event_id }) => event_id);
}

describe("filters of GET /events", () => {
  async function publishMinutes(topic: string) {
    for (const minute of [0, 1, 2, 3]) {
      const timestamp = `2025-10-23T10:0${minute}:00Z`;
      await publish(makeEvent({ topic, event_id: `e${minute}`, source: `s${minute % 2}`, timestamp }));
    }
  }

  test.each([
    ["source=s1", ["e3", "e1"]],
    ["event_id=e2", ["e2"]],
    ["since=2025-10-23T10:02:00Z", ["e3", "e2"]],
    ["until=2025-10-23T10:02:00Z", ["e1", "e0"]],
    ["since=2025-10-23T12:01:00%2B02:00&until=2025-10-23T10:03:00Z&source=s0", ["e2"]],
    ["source=nobody", []],
  ])("GET /events filters by %s", async (filter, ids) => {
    const topic = uniqueTopic();
    await publishMinutes(topic);

    expect(idsOf((await getJson(`/events?topic=${topic}&${filter}`)).events)).toEqual(ids);
  });

  test("an event is found by its id without a topic, page by page", async () => {
    const topic = uniqueTopic();
    await publish(makeEvent({ topic, event_id: topic }));
    const found: string[] = [];
    let cursor: unknown = "";

    while (found.length === 0 && cursor !== null) {
      const page = await getJson(`/events?event_id=${topic}${cursor ? `&cursor=${cursor}` : ""}`);
      found.push(...idsOf(page.events));
      cursor = page.next_cursor;
    }

    expect(found).toEqual([topic]);
  });

  test.each(["since=yesterday", "until=2025-10-23", "source=", "event_id=%00"])(
    "GET /events refuses the filter %s",
    async (filter) => {
      expect(expectProblem(await call(`/events?${filter}`), 400).code).toBe("invalid_parameter");
    },
  );

  test("a cursor of GET /events is refused with other filters", async () => {
    const topic = uniqueTopic();
    await publish(makeEvents(topic, 3));
    const { next_cursor } = await getJson(`/events?topic=${topic}&source=conformance&limit=1`);

    const other = await call(`/events?topic=${topic}&limit=1&cursor=${next_cursor}`);

    expect(expectProblem(other, 400).code).toBe("invalid_cursor");
  });
});

async function exportOf(query: string): Promise<{ events: JsonObject[]; end: JsonObject }> {
  const { status, headers, text } = await call(`/events?${query}`, { headers: LINES });
  expect(status, text).toBe(200);
  expect(headers["content-type"]).toMatch(/^application\/x-ndjson\b/);
  const lines = text.trimEnd().split("\n");
  const parsed = lines.map((line) => JSON.parse(line) as JsonObject);
  return { end: parsed.pop() as JsonObject, events: parsed };
}

describe("exports", () => {
  test.each(["asc", "desc"])("an export holds every confirmed event, %s", async (order) => {
    const topic = uniqueTopic();
    const events = makeEvents(topic, 1_500);
    await publish(events);

    const exported = await exportOf(`topic=${topic}&order=${order}`);

    expect(exported.end).toMatchObject({ complete: true, count: 1_500 });
    expect(idsOf(exported.events).toSorted()).toEqual(idsOf(events).toSorted());
    expect(exported.events[0]).toEqual(await getJson(`/events/${topic}/${exported.events[0]?.event_id}`));
  });

  test("an export continues after its last line", async () => {
    const topic = uniqueTopic();
    await publish(makeEvents(topic, 3));
    const first = await exportOf(`topic=${topic}&order=asc&limit=2`);
    expect(first.end).toMatchObject({ complete: false, count: 2 });
    const second = await exportOf(`topic=${topic}&order=asc&cursor=${first.end.next_cursor}`);
    await publish(makeEvents(topic, 1, 7));

    const third = await exportOf(`topic=${topic}&order=asc&cursor=${second.end.next_cursor}`);

    const seen = [first, second, third].flatMap(({ events }) => idsOf(events));
    expect(seen.toSorted()).toEqual(["e0", "e1", "e2", "e7"]);
  });
});

/** Opens a stream. Returns a function for the text that it has sent so far. */
async function openStream(query: string, lastEventId?: string) {
  const leaving = new AbortController();
  onTestFinished(() => leaving.abort());
  const headers = {
    ...(API_KEY && { authorization: `Bearer ${API_KEY}` }),
    ...(lastEventId && { "last-event-id": lastEventId }),
  };
  const url = new URL(`/events/stream?${query}`, BASE_URL);
  const response = await fetch(url, { headers, signal: leaving.signal });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toMatch(/^text\/event-stream\b/);
  let text = "";
  const reading = async () => {
    const pieces = (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream());
    for await (const piece of pieces) text += piece;
  };
  reading().catch(() => undefined); // it ends when the test does
  const events = () =>
    [...text.matchAll(/^id: (.*)\ndata: (.*)\n\n/gm)].map(([, id, data]) => ({
      id: String(id),
      event: JSON.parse(String(data)) as JsonObject,
    }));
  const until = (count: number) =>
    eventually(
      `${count} events`,
      async () => events(),
      ({ length }) => length >= count,
    );
  return { until };
}

describe("streams", () => {
  test("a stream sends the events stored after the request, in the same form as GET /events", async () => {
    const topic = uniqueTopic();
    await publish(makeEvents(topic, 1, 100));
    const stream = await openStream(`topic=${topic}`);

    await publish([...makeEvents(topic, 2), ...makeEvents(topic, 2), ...makeEvents(uniqueTopic(), 1)]);

    const events = await stream.until(2);
    expect(idsOf(events.map(({ event }) => event)).toSorted()).toEqual(["e0", "e1"]);
    expect(events[0]?.event).toEqual(await getJson(`/events/${topic}/${events[0]?.event.event_id}`));
  });

  test("a stream continues after an id in a header or in the query", async () => {
    const topic = uniqueTopic();
    const first = await openStream(`topic=${topic}`);
    await publish(makeEvents(topic, 5));
    const events = await first.until(5);
    const id = events[1]?.id as string;
    const rest = events.slice(2);

    expect(await (await openStream(`topic=${topic}`, id)).until(3)).toEqual(rest);
    expect(await (await openStream(`topic=${topic}&last_event_id=${id}`)).until(3)).toEqual(rest);
  });

  test("a stream refuses an invalid id", async () => {
    expect(expectProblem(await call("/events/stream?last_event_id=x"), 400).code).toBe("invalid_cursor");
  });
});
