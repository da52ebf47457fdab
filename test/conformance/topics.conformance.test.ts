import { describe, expect, test } from "vitest";
import { expectProblem } from "./expectations.ts";
import { call, getJson, type JsonObject } from "./http-client.ts";
import { makeEvent, publish, uniqueTopic } from "./publishing.ts";

interface Page extends JsonObject {
  count: number;
  topics: JsonObject[];
  next_cursor: string | null;
}

/** Reads all pages of the topics whose names contain a text. */
async function walk(contains: string): Promise<JsonObject[]> {
  const topics: JsonObject[] = [];
  const query = new URLSearchParams({ contains, limit: "2" });
  for (;;) {
    const page = (await getJson(`/topics?${query}`)) as Page;
    expect(page.count).toBe(page.topics.length);
    topics.push(...page.topics);
    if (page.next_cursor === null) return topics;
    query.set("cursor", page.next_cursor);
  }
}

describe("GET /topics", () => {
  test("GET /topics finds every topic by a part of its name, in the order of names, with its books", async () => {
    const middle = uniqueTopic("middle");
    const names = ["a", "b", "c"].map((letter) => `${letter}/*>& ${middle}`);
    await publish([...names].reverse().map((topic) => makeEvent({ topic })));
    await publish(makeEvent({ topic: names[1] }));

    const found = await walk(middle.toUpperCase());

    expect(found.map(({ topic }) => topic)).toEqual(names);
    expect(found[1]).toMatchObject({ received: 2, unique_processed: 1, duplicate_dropped: 1, dead_lettered: 0 });
    expect(await walk(`${middle}.`)).toEqual([]);
  });

  test.each(["limit=0", "limit=1001", "contains=", "topic=a"])("GET /topics refuses %s", async (parameters) => {
    expect(expectProblem(await call(`/topics?${parameters}`), 400).code).toBe("invalid_parameter");
  });
});
