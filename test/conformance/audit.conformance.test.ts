import { describe, expect, test } from "vitest";
import { expectProblem, readUtc } from "./expectations.ts";
import { call, getJson, type JsonObject } from "./http-client.ts";
import { makeEvent, makeEvents, publish, uniqueTopic } from "./publishing.ts";

interface Audit extends JsonObject {
  balanced: boolean;
  topics_total: number;
  booked: Record<string, number>;
  counted: Record<string, number>;
}

async function audit(): Promise<Audit> {
  return (await getJson("/audit")) as Audit;
}

function expectBalanced(answer: Audit): void {
  expect(answer).toMatchObject({ balanced: true, differences: [], differences_total: 0 });
  expect(answer.counted).toEqual(answer.booked);
}

describe("GET /audit", () => {
  test("GET /audit counts the events published since the previous audit", async () => {
    const before = await audit();
    const event = makeEvent({ topic: uniqueTopic() });
    await publish([event, event, { ...event, source: "another" }, makeEvent({ topic: uniqueTopic() })]);

    const after = await audit();

    expectBalanced(after);
    expect(after.topics_total - before.topics_total).toBe(2);
    const growth = Object.entries(after.counted).map(([name, count]) => [name, count - Number(before.counted[name])]);
    expect(Object.fromEntries(growth)).toEqual({ unique: 2, duplicates: 2, conflicts: 1, dead_lettered: 0 });
  });

  test("GET /audit balances while others publish", async () => {
    const topic = uniqueTopic();
    let isPublishing = true;
    const publishing = Promise.all(
      Array.from({ length: 4 }, async (_, client) => {
        for (let batch = 0; batch < 25; batch++) {
          await publish(makeEvents(`${topic}.${batch % 3}`, 20, client * 100 + batch * 10));
        }
      }),
    ).finally(() => {
      isPublishing = false;
    });

    while (isPublishing) expectBalanced(await audit());
    await publishing;

    expectBalanced(await audit());
  });

  test("GET /audit answers all concurrent requests", async () => {
    for (const answer of await Promise.all(Array.from({ length: 20 }, audit))) expectBalanced(answer);
  });

  test("GET /stats shows the last audit", async () => {
    const { audited_at } = await audit();

    const { last_audit } = await getJson("/stats");

    // Another audit may have run in between.
    const [asked, told] = [audited_at, (last_audit as JsonObject).audited_at].map((instant) => readUtc(instant));
    expect(JSON.stringify(told) >= JSON.stringify(asked)).toBe(true);
    expect(last_audit).toMatchObject({ balanced: true, differences_total: 0 });
  });

  test("GET /audit refuses parameters", async () => {
    expect(expectProblem(await call("/audit?topic=t"), 400).code).toBe("invalid_parameter");
  });
});
