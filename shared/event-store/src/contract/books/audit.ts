import { describe, expect, test } from "vitest";
import type { Audit, AuditCounts } from "../../audit.ts";
import type { EventStore } from "../../event-store.ts";
import { apply, verdictsOf } from "../applying.ts";
import { deliveryOf, eventText } from "../frames.ts";
import type { OpenForTest } from "../store-under-test.ts";

export function describeAudit(open: OpenForTest): void {
  describe("the audit", () => {
    describeBalance(open);
    describeDifferences(open);
  });
}

const NOTHING: AuditCounts = { stored: 0, duplicates: 0, conflicts: 0, deadLettered: 0 };

/** Stores two events in topic `a`, with two duplicates, one of them a conflict, and one event in topic `b`. */
async function fill(store: EventStore): Promise<void> {
  const first = eventText({ topic: "a", id: "1" });
  await verdictsOf(store, [first, eventText({ topic: "a", id: "2" }), eventText({ topic: "b", id: "1" })]);
  await verdictsOf(store, [first], [eventText({ topic: "a", id: "1", source: "another" })]);
}

function expectBalanced(audit: Audit): void {
  const { isBalanced, differences, differencesTotal, booked, counted, bySource } = audit;
  expect({ isBalanced, differences, differencesTotal }).toEqual({
    isBalanced: true,
    differences: [],
    differencesTotal: 0,
  });
  expect(counted).toEqual(booked);
  expect(bySource).toEqual({ duplicates: booked.duplicates, conflicts: booked.conflicts });
}

function describeBalance(open: OpenForTest): void {
  test("the audit finds an empty store balanced", async () => {
    const { store } = await open();

    expect(await store.audit()).toEqual({
      auditedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      durationMs: expect.any(Number),
      topicsTotal: 0,
      isBalanced: true,
      booked: NOTHING,
      counted: NOTHING,
      bySource: { duplicates: 0, conflicts: 0 },
      differences: [],
      differencesTotal: 0,
    });
  });

  test("the audit finds that the rows of every table add up to the books", async () => {
    const { store } = await open();
    await fill(store);

    const audit = await store.audit();

    expectBalanced(audit);
    expect(audit).toMatchObject({
      topicsTotal: 2,
      counted: { stored: 3, duplicates: 2, conflicts: 1, deadLettered: 0 },
    });
  });

  test("the audit reads one snapshot while frames are applied", async () => {
    const { store } = await open();
    let isApplying = true;
    const applying = (async () => {
      for (let round = 0; round < 40; round++) {
        const ids = Array.from({ length: 50 }, (_, index) => `${round * 25 + index}`);
        await apply(store, deliveryOf(ids.map((id) => eventText({ topic: `t${round % 7}`, id }))));
      }
    })().finally(() => {
      isApplying = false;
    });

    while (isApplying) expectBalanced(await store.audit());
    await applying;

    expectBalanced(await store.audit());
  });

  test("the audit is kept as the last audit", async () => {
    const { store } = await open();
    await fill(store);
    await store.audit();

    const audit = await store.audit();

    expect((await store.readBooks({ maxTopics: 1 })).lastAudit).toEqual(audit);
  });
}

function describeDifferences(open: OpenForTest): void {
  const full = { stored: 2, duplicates: 2, conflicts: 1, deadLettered: 0 };
  const DEFECTS: [name: string, sql: string, topic: string, booked: AuditCounts, counted: AuditCounts][] = [
    ["an event that is gone", "DELETE FROM events WHERE event_id = '2'", "a", full, { ...full, stored: 1 }],
    [
      "a copy that is gone",
      "DELETE FROM duplicates WHERE topic = 'a' AND NOT is_conflict",
      "a",
      full,
      { ...full, duplicates: 1 },
    ],
    [
      "a topic without books",
      "UPDATE events SET topic = 'c' WHERE topic = 'b'",
      "c",
      NOTHING,
      { ...NOTHING, stored: 1 },
    ],
  ];

  test.each(DEFECTS)("the audit names the topic of %s", async (_name, sql, topic, booked, counted) => {
    const { store, change } = await open();
    await fill(store);
    await change(sql);

    const audit = await store.audit();

    expect(audit.isBalanced).toBe(false);
    expect(audit.differences).toContainEqual({ topic, booked, counted });
    expect(audit.differencesTotal).toBe(audit.differences.length);
  });

  test("the audit finds that the books by source do not add up", async () => {
    const { store, change } = await open();
    await fill(store);
    await change("DELETE FROM source_counters WHERE source = 'another'");

    const audit = await store.audit();

    expect(audit).toMatchObject({ isBalanced: false, differencesTotal: 0, bySource: { duplicates: 1, conflicts: 0 } });
  });

  test("the audit names the first hundred differing topics, and counts the others", async () => {
    const { store, change } = await open();
    const topics = Array.from({ length: 103 }, (_, index) => `t${String(index).padStart(3, "0")}`);
    await verdictsOf(
      store,
      topics.map((topic) => eventText({ topic })),
      [eventText({ topic: "zz" })],
    );
    await change("DELETE FROM events WHERE topic <> 'zz'");

    const audit = await store.audit();

    expect(audit.differences.map(({ topic }) => topic)).toEqual(topics.slice(0, 100));
    expect(audit).toMatchObject({ differencesTotal: 103, topicsTotal: 104, counted: { stored: 1 } });
  });

  test("the audit is kept as the last audit when it is not balanced", async () => {
    const { store, change } = await open();
    await fill(store);
    await change("DELETE FROM events");

    const audit = await store.audit();

    expect((await store.readBooks({ maxTopics: 1 })).lastAudit).toEqual(audit);
    expect(audit).toMatchObject({ isBalanced: false, differencesTotal: 2 });
  });
}
