import { describe, expect, test } from "vitest";
import { expectProblem } from "./expectations.ts";
import { call, getJson } from "./http-client.ts";
import { eventPath, makeEvent, publish, uniqueTopic } from "./publishing.ts";

const SECRET = { source: "erase-source", payload: { secret: "erase-payload" }, trace: "erase-attribute" };

const erase = (path: string) => call(path, { method: "DELETE" });

/** Publishes an event, a duplicate and a conflict of it. */
async function publishSecrets(topic: string, event_id: string): Promise<void> {
  const event = makeEvent({ topic, event_id, ...SECRET });
  await publish([event]);
  await publish([event, { ...event, payload: { secret: "erase-conflict" } }]);
}

describe("an erased event", () => {
  test.each(["a b/*>&\u{1F600}", "e1"])("keeps its id, and every answer is without its content: %s", async (id) => {
    const topic = uniqueTopic();
    await publishSecrets(topic, id);

    expect(await erase(eventPath(topic, id))).toMatchObject({ status: 204, text: "" });

    const event = await getJson(eventPath(topic, id));
    expect(event).toMatchObject({ topic, event_id: id, source: null, payload: null, erased_at: expect.any(String) });
    expect(event).not.toHaveProperty("attributes");
    expect((await getJson(`/events?topic=${topic}`)).events).toEqual([event]);
    const headers = { accept: "application/x-ndjson" };
    for (const path of ["/events", "/duplicates"]) {
      const { text, status } = await call(`${path}?topic=${topic}`, path === "/events" ? { headers } : {});
      expect(status).toBe(200);
      expect(text).toContain(JSON.stringify(id));
      expect(text).not.toContain("erase-");
    }
  });

  test.each([".", "..", "e1"])("is named by the query as well: %s", async (id) => {
    const topic = uniqueTopic();
    await publishSecrets(topic, id);
    const query = `topic=${topic}&event_id=${encodeURIComponent(id)}`;

    expect((await erase(`/events?${query}`)).status).toBe(204);

    expect((await getJson(`/events?${query}`)).events).toMatchObject([{ payload: null, source: null }]);
  });

  test("has later copies that are duplicates and not conflicts, and whose content is not stored", async () => {
    const topic = uniqueTopic();
    await publishSecrets(topic, "e1");
    await erase(eventPath(topic, "e1"));
    const before = await getJson(eventPath(topic, "e1"));

    const copies = [SECRET, { source: "erase-later" }, { payload: { secret: "erase-later" } }];
    const counts = await publish(copies.map((copy) => makeEvent({ topic, event_id: "e1", ...copy })));

    expect(counts).toMatchObject({ received: 3, accepted: 0, duplicates: 3 });
    expect(counts).not.toHaveProperty("conflicts");
    expect((await call(`/duplicates?topic=${topic}`)).text).not.toContain("erase-");
    expect(await getJson(eventPath(topic, "e1"))).toEqual(before);
  });

  test("stays in the books unchanged, and can be erased again", async () => {
    const topic = uniqueTopic();
    await publishSecrets(topic, "e1");
    const before = await getJson(`/stats?topic=${topic}`);

    await erase(eventPath(topic, "e1"));
    const erased = await getJson(eventPath(topic, "e1"));
    expect((await erase(eventPath(topic, "e1"))).status).toBe(204);

    expect(await getJson(eventPath(topic, "e1"))).toEqual(erased);
    expect((await getJson(`/stats?topic=${topic}`)).by_topic).toEqual(before.by_topic);
  });
});

describe("an erasure", () => {
  test.each(["/events/no-such-topic/e1", "/events?topic=no-such-topic&event_id=e1"])(
    "of no event is 404: %s",
    async (path) => {
      expect(expectProblem(await erase(path), 404).code).toBe("not_found");
    },
  );

  test.each(["/events", "/events?topic=a", "/events?event_id=a", "/events?topic=a&event_id=b&source=c"])(
    "names one event and nothing else: %s",
    async (path) => {
      expect(expectProblem(await erase(path), 400).code).toBe("invalid_parameter");
    },
  );
});

describe("the conflicts of one event", () => {
  test("beyond the first hundred are counted and listed without their content", async () => {
    const topic = uniqueTopic();
    const copies = Array.from({ length: 103 }, (_, n) => makeEvent({ topic, event_id: "e1", payload: { n } }));

    expect(await publish(copies)).toMatchObject({ accepted: 1, conflicts: 102 });

    const { duplicates } = await getJson(`/duplicates?topic=${topic}&limit=200`);
    const entries = duplicates as { conflict: boolean; source: string; event?: object }[];
    expect(entries.map(({ conflict, source }) => [conflict, source])).toEqual(
      Array.from({ length: 102 }, () => [true, "conformance"]),
    );
    expect(entries.filter(({ event }) => event === undefined)).toHaveLength(2);
  });
});
