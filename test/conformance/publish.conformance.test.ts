import { describe, expect, test } from "vitest";
import { call, getJson, readJson } from "./http-client.ts";
import { eventPath, makeEvent, makeEvents, postJson, publish, uniqueTopic } from "./publishing.ts";

describe("POST /publish", () => {
  test("an event is accepted once, and its duplicate is dropped", async () => {
    const event = JSON.stringify(makeEvent({ topic: uniqueTopic() }));

    const first = await postJson(event);
    const second = await postJson(event);

    expect(first.status).toBe(200);
    expect(first.headers["content-type"]).toMatch(/^application\/json\b/);
    expect(readJson(first)).toMatchObject({ received: 1, accepted: 1, duplicates: 0 });
    expect(second.status).toBe(200);
    expect(readJson(second)).toMatchObject({ received: 1, accepted: 0, duplicates: 1 });
  });

  test("a duplicate inside a batch is counted, and is in the message", async () => {
    const [first, second] = makeEvents(uniqueTopic(), 2);

    const counts = await publish([first, second, first]);

    expect(counts).toMatchObject({ received: 3, accepted: 2, duplicates: 1 });
    expect(counts.message).toBe("Received 3 events, accepted 2, dropped 1 duplicate");
  });

  test("the path may end with a slash", async () => {
    const body = JSON.stringify(makeEvent({ topic: uniqueTopic() }));

    const reply = await call("/publish/", { method: "POST", body, headers: { "content-type": "application/json" } });

    expect(readJson(reply)).toMatchObject({ received: 1, accepted: 1 });
  });

  test("the same event id under another topic is another event", async () => {
    await publish(makeEvent({ topic: uniqueTopic(), event_id: "shared" }));

    const counts = await publish(makeEvent({ topic: uniqueTopic(), event_id: "shared" }));

    expect(counts).toMatchObject({ received: 1, accepted: 1, duplicates: 0 });
  });

  test("topic and event id are never joined into one key", async () => {
    const topic = uniqueTopic();
    await publish(makeEvent({ topic: `${topic}.a`, event_id: "b" }));

    expect(await publish(makeEvent({ topic, event_id: "a.b" }))).toMatchObject({ accepted: 1 });
    expect(await publish(makeEvent({ topic: `${topic}.`, event_id: "ab" }))).toMatchObject({ accepted: 1 });
  });

  test("a batch of known and new events is counted exactly", async () => {
    const events = makeEvents(uniqueTopic(), 10);
    await publish(events.slice(0, 4));

    expect(await publish(events)).toMatchObject({ received: 10, accepted: 6, duplicates: 4 });
    expect(await publish(events)).toMatchObject({ received: 10, accepted: 0, duplicates: 10 });
  });

  test("one event, an array of one and an object of events are accepted", async () => {
    const [alone, inArray, inObject] = makeEvents(uniqueTopic(), 3);

    for (const body of [alone, [inArray], { events: [inObject] }]) {
      expect(await publish(body)).toMatchObject({ received: 1, accepted: 1, duplicates: 0 });
    }
  });

  test("an object with a topic is an event, even if it has a field named events", async () => {
    const event = makeEvent({ topic: uniqueTopic(), events: [1, 2] });

    expect(await publish(event)).toMatchObject({ received: 1, accepted: 1 });
    const path = eventPath(String(event.topic), "evt-001");
    expect(await getJson(path)).toMatchObject({ attributes: { events: [1, 2] } });
  });

  test("a batch of 10,000 events is accepted", async () => {
    const events = makeEvents(uniqueTopic(), 10_000);

    expect(await publish(events)).toMatchObject({ received: 10_000, accepted: 10_000, duplicates: 0 });
  });

  test("exactly one of 32 concurrent duplicates is accepted", async () => {
    for (let round = 0; round < 10; round++) {
      const event = makeEvent({ topic: uniqueTopic() });

      const answers = await Promise.all(Array.from({ length: 32 }, () => publish(event)));

      expect(answers.filter(({ accepted }) => accepted === 1)).toHaveLength(1);
      expect(answers.filter(({ duplicates }) => duplicates === 1)).toHaveLength(31);
    }
  });

  test("each event of overlapping concurrent batches in opposite orders is accepted once", async () => {
    const events = makeEvents(uniqueTopic(), 200);
    const orders = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? events : [...events].reverse()));

    const answers = await Promise.all(orders.map(publish));

    expect(answers.reduce((sum, { accepted }) => sum + Number(accepted), 0)).toBe(200);
    expect(answers.reduce((sum, { duplicates }) => sum + Number(duplicates), 0)).toBe(1_400);
  });
});
