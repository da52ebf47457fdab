import { afterAll, expect, test } from "vitest";
import { openQueryFixture } from "../query-fixture.ts";

// All tests share one store. Each test has its own topics, or only reads.
const { server, storeEvents } = await openQueryFixture(afterAll);

interface Page {
  count: number;
  duplicates: { event_id: string; source: string; age_seconds: number }[];
  next_cursor: string | null;
}

/** Two copies from `a`, the second one a conflict, then two like these from `b`. */
async function storeCopies(topic: string): Promise<void> {
  for (const source of ["a", "b"]) {
    const [plain, differing] = [`${source}-same`, `${source}-other`].map((event_id) => ({ topic, event_id, source }));
    await storeEvents([{ ...plain }, { ...differing }]);
    await storeEvents([{ ...plain }]);
    await storeEvents([{ ...differing, payload: { n: 1 } }]);
  }
}

async function readAllPages(first: string): Promise<string[]> {
  const ids: string[] = [];
  for (let url: string | undefined = first; url !== undefined; ) {
    const answer = await server.inject(url);
    const { count, duplicates, next_cursor } = answer.json() as Page;
    expect(count).toBe(duplicates.length);
    ids.push(...duplicates.map(({ event_id }) => event_id));
    const link = answer.headers.link as string | undefined;
    expect(link === undefined).toBe(next_cursor === null);
    const next = /^<(\?[^>]+)>; rel="next"$/.exec(link ?? "")?.[1];
    url = next && `/duplicates${next}`;
  }
  return ids;
}

test.each([
  ["", ["b-other", "b-same", "a-other", "a-same"]],
  ["&source=a", ["a-other", "a-same"]],
  ["&source=c", []],
  ["&event_id=b-other", ["b-other"]],
  ["&conflicting=true", ["b-other", "a-other"]],
  ["&conflicting=false", ["b-same", "a-same"]],
  ["&conflicting=false&source=b", ["b-same"]],
])("the links lead to every duplicate that matches the filters, newest first: %s", async (filters, ids) => {
  const topic = `a b/*>&😀 ${filters}`;
  await storeCopies(topic);
  await storeCopies(`${topic}, another`);
  expect(await readAllPages(`/duplicates?limit=1&topic=${encodeURIComponent(topic)}${filters}`)).toEqual(ids);
});

test("the content of a conflict is listed with every digit", async () => {
  await storeEvents([{ topic: "exact", event_id: "1" }]);
  await storeEvents([
    '{"topic":"exact","event_id":"1","timestamp":"2025-10-23T10:00:00Z","source":"test",' +
      '"payload":{"big":12345678901234567890},"attributes":{"tenth":0.10}}',
  ]);
  const { body } = await server.inject("/duplicates?topic=exact");
  expect(body).toContain(
    '"conflict":true,"event":{"topic":"exact","event_id":"1","timestamp":"2025-10-23T10:00:00.000000Z",' +
      '"source":"test","payload":{"big":12345678901234567890},"attributes":{"tenth":0.10}}',
  );
});

test.each(["", "conflicting=false", "conflicting=true&topic=filtered", "conflicting=true&source=a"])(
  "refuses a cursor of other filters: %s",
  async (filters) => {
    await storeCopies("filtered");
    const { next_cursor } = (await server.inject("/duplicates?conflicting=true&limit=1")).json();
    const answer = await server.inject(`/duplicates?${filters}&cursor=${next_cursor}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: "invalid_cursor" });
  },
);

test.each([
  ["conflicting=yes", "conflicting"],
  ["conflicting=", "conflicting"],
  ["limit=1001", "limit"],
  ["source=", "source"],
  ["order=asc", "order"],
])("refuses %s and names it", async (parameters, name) => {
  const answer = await server.inject(`/duplicates?${parameters}`);
  expect(answer.statusCode).toBe(400);
  expect(answer.json()).toMatchObject({ code: "invalid_parameter", detail: expect.stringContaining(name) });
});
