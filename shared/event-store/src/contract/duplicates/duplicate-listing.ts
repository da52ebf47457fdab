import { InvalidInput } from "@tidemark/domain/errors";
import { isSameJson } from "@tidemark/json/value";
import { describe, expect, test } from "vitest";
import type { Duplicate, DuplicateQuery } from "../../duplicates.ts";
import { apply, findStored, verdictsOf } from "../applying.ts";
import { deliveryOf, eventText } from "../frames.ts";
import type { CompleteStore, OpenForTest } from "../store-under-test.ts";

export function describeDuplicateListing(openForTest: OpenForTest): void {
  const open = async () => (await openForTest()).store;
  describe("the listing of duplicates", () => {
    describeDuplicates(open);
    describePages(open);
  });
}

type Open = () => Promise<CompleteStore>;

async function duplicatesOf(store: CompleteStore): Promise<Duplicate[]> {
  const { duplicates } = await store.listDuplicates({ limit: 1_000 });
  return duplicates;
}

/** Instants in UTC with six digits of the second, whose texts sort by time. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

function describeDuplicates(open: Open): void {
  test("a duplicate is listed with its source, its receipt and the commit of the stored event", async () => {
    const store = await open();
    await verdictsOf(store, [eventText({ topic: "t", id: "e" })]);
    const { processedAt } = await findStored(store, "t", "e");
    const receivedAtMs = Date.parse("2031-02-03T04:05:06.789Z");

    await apply(store, deliveryOf([eventText({ topic: "t", id: "e" })], { receivedAtMs }));

    expect(processedAt).toMatch(INSTANT);
    expect(await duplicatesOf(store)).toEqual([
      {
        topic: "t",
        eventId: "e",
        source: "test",
        receivedAt: "2031-02-03T04:05:06.789000Z",
        firstProcessedAt: processedAt,
        isConflict: false,
      },
    ]);
  });

  test("a duplicate in the same call as the stored event is listed with the commit of that call", async () => {
    const store = await open();
    const event = eventText({ topic: "t", id: "e" });
    await verdictsOf(store, [event, event], [event]);

    const { processedAt } = await findStored(store, "t", "e");

    expect(await duplicatesOf(store)).toMatchObject([
      { eventId: "e", firstProcessedAt: processedAt },
      { eventId: "e", firstProcessedAt: processedAt },
    ]);
  });

  test("a conflict is listed with its whole content, digit for digit", async () => {
    const store = await open();
    const payload = '{"n":12345678901234567890,"m":0.1000000000000000055,"e":1e400,"t":"\u{1f30a}\\n"}';
    const attributes = '{"region":"eu","n":12345678901234567891}';
    const differing = { topic: "t", id: "e", timestamp: "2025-10-23T10:00:00.5Z", source: "other" };
    await verdictsOf(store, [eventText({ topic: "t", id: "e" })]);

    await verdictsOf(store, [eventText({ ...differing, payload, attributes })]);

    const [copy] = await duplicatesOf(store);
    expect(copy).toMatchObject({ source: "other", isConflict: true });
    expect(copy?.content?.timestamp).toBe("2025-10-23T10:00:00.500000Z");
    expect(isSameJson(String(copy?.content?.payload), payload), copy?.content?.payload).toBe(true);
    expect(isSameJson(String(copy?.content?.attributes), attributes), copy?.content?.attributes).toBe(true);
  });

  test("a conflict without payload and attributes has an empty payload", async () => {
    const store = await open();
    await verdictsOf(store, [eventText({ topic: "t", id: "e", payload: '{"n":1}' })]);

    await verdictsOf(store, [eventText({ topic: "t", id: "e" })]);

    const [copy] = await duplicatesOf(store);
    expect(copy?.content).toEqual({ timestamp: "2025-10-23T10:00:00.000000Z", payload: "{}" });
  });

  test("a frame that is delivered again adds no duplicate", async () => {
    const store = await open();
    const event = eventText();
    const delivery = deliveryOf([event, event]);

    await apply(store, delivery, delivery);
    await apply(store, delivery);

    expect(await duplicatesOf(store)).toHaveLength(1);
  });
}

/** Applies eight duplicates in the order of their sources `s0` to `s7`: topic `even` or `odd`, each fourth from `s3` on a conflict. */
async function fill(store: CompleteStore): Promise<void> {
  const topics = ["even", "odd"];
  const copies = Array.from({ length: 8 }, (_, index) => {
    const timestamp = index % 4 === 3 ? "2026-01-01T00:00:00Z" : "2025-10-23T10:00:00Z";
    return eventText({ topic: topics[index % 2] as string, id: `e${index}`, source: `s${index}`, timestamp });
  });
  const firsts = copies.map((_, index) =>
    eventText({ topic: topics[index % 2] as string, id: `e${index}`, source: `s${index}` }),
  );
  await verdictsOf(store, firsts);
  await verdictsOf(store, copies.slice(0, 3));
  await verdictsOf(store, copies.slice(3, 6));
  await verdictsOf(store, copies.slice(6));
}

async function walk(store: CompleteStore, query: DuplicateQuery): Promise<string[]> {
  const sources: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.listDuplicates({ ...query, ...(after !== undefined && { after }) });
    expect(page.duplicates.length).toBeLessThanOrEqual(query.limit);
    sources.push(...page.duplicates.map(({ source }) => source));
    after = page.next;
    if (after === undefined) return sources;
  }
}

/** Returns the call of each source, because a store may list the duplicates of one call in any order. */
function callsOf(sources: string[]): string[] {
  return sources.map((source) => (source < "s3" ? "first" : source < "s6" ? "second" : "third"));
}

function describePages(open: Open): void {
  test.each([1, 3, 7, 8, 9])("pages of %i list each duplicate once, the newest calls first", async (limit) => {
    const store = await open();
    await fill(store);

    const sources = await walk(store, { limit });

    expect(sources.toSorted()).toEqual(["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"]);
    const [third, second, first] = [2, 3, 3].map((count, index) => {
      return Array.from({ length: count }, () => ["third", "second", "first"][index]);
    });
    expect(callsOf(sources)).toEqual([third, second, first].flat());
  });

  const QUERIES: [name: string, query: Omit<DuplicateQuery, "limit">, sources: string[]][] = [
    ["a topic", { topic: "odd" }, ["s1", "s3", "s5", "s7"]],
    ["an id", { eventId: "e3" }, ["s3"]],
    ["an id of another topic", { topic: "even", eventId: "e3" }, []],
    ["a source", { source: "s4" }, ["s4"]],
    ["conflicts", { conflicting: true }, ["s3", "s7"]],
    ["duplicates that are not conflicts", { conflicting: false }, ["s0", "s1", "s2", "s4", "s5", "s6"]],
    ["all of these", { topic: "odd", source: "s7", conflicting: true }, ["s7"]],
    ["filters that exclude each other", { topic: "even", conflicting: true }, []],
    ["a topic without duplicates", { topic: "ev" }, []],
    ["a source without duplicates", { source: "S4" }, []],
  ];

  test.each(QUERIES)("a cursor scan keeps to %s", async (_name, query, sources) => {
    const store = await open();
    await fill(store);

    for (const limit of [1, 2, 100]) {
      expect((await walk(store, { ...query, limit })).toSorted()).toEqual(sources);
    }
  });

  test("a page of older duplicates is not shifted by newer ones", async () => {
    const store = await open();
    await fill(store);
    const first = await store.listDuplicates({ limit: 3 });
    await fill(store);

    const page = await store.listDuplicates({ limit: 100, after: String(first.next) });

    const met = [...first.duplicates, ...page.duplicates].map(({ source }) => source);
    expect(met.toSorted()).toEqual(["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"]);
    expect(await walk(store, { limit: 3 })).toHaveLength(24);
  });

  test("a cursor that is not a position is refused", async () => {
    const store = await open();

    for (const after of ["", "x", "-1", "1.5", "1e3", " 1", "9".repeat(23)]) {
      const refused = store.listDuplicates({ limit: 1, after });
      await expect(refused, after).rejects.toThrow(InvalidInput);
      await expect(refused, after).rejects.toMatchObject({ code: "invalid_cursor", status: 400 });
    }
  });

  test("a store without duplicates lists none", async () => {
    const store = await open();
    await verdictsOf(store, [eventText()]);

    expect(await store.listDuplicates({ limit: 10 })).toEqual({ duplicates: [] });
  });
}
