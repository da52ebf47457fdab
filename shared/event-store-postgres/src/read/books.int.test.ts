import { verdictsOf } from "@tidemark/event-store/contract/applying";
import { eventText } from "@tidemark/event-store/contract/frames";
import { expect, test } from "vitest";
import { statementFile } from "../connection/statement-file.ts";
import { prepareStores } from "../fixture/postgres-event-stores.ts";

const BOOKS = statementFile(new URL("books.sql", import.meta.url));

const indexes = (count: number) => Array.from({ length: count }, (_, index) => index);

test("the busiest topics and sources are listed even if several slots counted them", async () => {
  const { openConsumer } = await prepareStores();
  const stores = [await openConsumer(), await openConsumer()];
  // Topic n of 40 gets n events from each of two connections, and a duplicate of each.
  for (const [slot, store] of stores.entries()) {
    for (const round of indexes(4)) {
      const events = indexes(40).flatMap((topic) =>
        indexes(topic)
          .filter((event) => event % 4 === round)
          .map((event) => eventText({ topic: `t${topic}`, id: `${slot}-${event}`, source: `s${topic}` })),
      );
      await verdictsOf(store, events, events);
    }
  }

  const books = await stores[0]?.readBooks({ maxTopics: 3, maxSources: 3 });

  expect(books).toMatchObject({ stored: 1_560, duplicates: 1_560, topicsTotal: 39, sourcesTotal: 39 });
  expect(books?.byTopic.map(({ topic, stored, duplicates }) => [topic, stored, duplicates])).toEqual(
    [39, 38, 37].map((count) => [`t${count}`, 2 * count, 2 * count]),
  );
  expect(books?.bySource.map(({ source, duplicates }) => [source, duplicates])).toEqual(
    [39, 38, 37].map((count) => [`s${count}`, 2 * count]),
  );
});

interface Plan {
  "Actual Rows": number;
  "Actual Loops": number;
  "Relation Name"?: string;
  Plans?: Plan[];
}

const rowsRead = (plan: Plan): number =>
  (plan["Relation Name"] === undefined ? 0 : plan["Actual Rows"] * plan["Actual Loops"]) +
  (plan.Plans ?? []).reduce((sum, part) => sum + rowsRead(part), 0);

test("reading the books reads as many rows with 50,000 topics and sources as with 5,000", async () => {
  const { beside } = await prepareStores();
  const read: number[] = [];
  for (const [first, last] of [
    [1, 5_000],
    [5_001, 50_000],
  ]) {
    await beside.query(
      `INSERT INTO topics SELECT n, 1 FROM generate_series(${first}, ${last}) AS n;
       INSERT INTO sources SELECT n, 1 FROM generate_series(${first}, ${last}) AS n;
       INSERT INTO topic_counters (slot, topic, stored, last_processed_at)
         SELECT slot, n, 1, now() FROM generate_series(${first}, ${last}) AS n, generate_series(0, 1) AS slot;
       INSERT INTO source_counters SELECT slot, n, 0, 1, 0
         FROM generate_series(${first}, ${last}) AS n, generate_series(0, 1) AS slot`,
    );
    await beside.query("ANALYZE");
    const { rows } = await beside.query({
      text: `EXPLAIN (ANALYZE, FORMAT JSON) ${await BOOKS()}`,
      values: [null, 10, 10, [], [], "", 0],
    });
    read.push(rowsRead(rows[0]["QUERY PLAN"][0].Plan));
  }

  expect(read[0]).toBeGreaterThan(1_010);
  expect(read[1]).toBe(read[0]);
});
