import { afterEach, beforeEach, expect, test } from "vitest";
import { batcherOf, eventOf, outcomeOf, outcomesOf, sentIds } from "./batcher-fixture.ts";
import { answer, type FakeService, type Fault, startFakeService } from "./fake-service.ts";
import { PublishError } from "./tidemark-client.ts";

let service: FakeService;
beforeEach(async () => {
  service = await startFakeService();
});
afterEach(() => service.close());

const storeAndClose: Fault = (response, store) => {
  store();
  response.destroy();
};

test("an invalid event is rejected with its faults, and its neighbours are stored", async () => {
  const batcher = batcherOf(service);

  const outcomes = await outcomesOf(["a", "", "c"].map((topic) => batcher.add(eventOf("e", topic))));

  expect(outcomes).toEqual(["stored", expect.any(PublishError), "stored"]);
  expect(outcomes[1]).toMatchObject({
    outcome: "refused",
    code: "invalid_event",
    pointer: "/topic",
    events: [eventOf("e", "")],
    message: 'event "e" of "": refused: /topic must not be empty',
  });
});

test("each of many invalid events is rejected with its own fault", async () => {
  const batcher = batcherOf(service);

  const outcomes = await outcomesOf(Array.from({ length: 250 }, (_, index) => batcher.add(eventOf(`${index}`, ""))));

  for (const [index, outcome] of outcomes.entries()) {
    expect(outcome).toMatchObject({
      outcome: "refused",
      faults: [{ pointer: "/topic", detail: "must not be empty" }],
      events: [{ event_id: `${index}` }],
    });
  }
});

test("a body that is refused without naming an event is halved until that event is alone", async () => {
  const refuse: Fault = (response) => answer(response, 400, { code: "malformed_json", detail: "too deep" });
  service.faults.push(refuse, undefined, refuse, refuse);
  const batcher = batcherOf(service);

  const outcomes = await outcomesOf(["a", "b", "c", "d"].map((id) => batcher.add(eventOf(id))));

  expect(outcomes).toEqual(["stored", "stored", expect.any(PublishError), "stored"]);
  expect(outcomes[2]).toMatchObject({ outcome: "refused", status: 400, code: "malformed_json" });
  expect(sentIds(service)).toEqual([["a", "b", "c", "d"], ["a", "b"], ["c", "d"], ["c"], ["d"]]);
});

test("an error of the whole request rejects each event once", async () => {
  service.faults.push((response) => answer(response, 401, { code: "unauthorized", detail: "no such key" }));
  const batcher = batcherOf(service);

  const outcomes = await outcomesOf(["a", "b"].map((id) => batcher.add(eventOf(id))));

  expect(outcomes).toMatchObject(
    ["a", "b"].map((id) => ({ outcome: "refused", status: 401, events: [eventOf(id)], attempts: 1 })),
  );
  expect((outcomes[1] as PublishError).message).toContain('event "b" of "t": refused: 401 unauthorized');
  expect(service.requests).toHaveLength(1);
});

test("a dead letter is distinguished from an invalid event", async () => {
  const counts = { received: 2, accepted: 1, duplicates: 0, dead_lettered: 1, rejected: [] };
  const results = ["rejected", "stored"].map((status) => ({ topic: "t", event_id: "e", status }));
  service.faults.push((response) => answer(response, 200, { ...counts, results }));
  const batcher = batcherOf(service);

  const outcomes = await outcomesOf(["a", "b"].map((id) => batcher.add(eventOf(id))));

  expect(outcomes).toEqual([expect.any(PublishError), "stored"]);
  expect(outcomes[0]).toMatchObject({ outcome: "refused", code: "dead_lettered" });
});

test("pending events come with their receipt", async () => {
  const results = [{ topic: "t", event_id: "a", status: "pending" }];
  const counts = { received: 1, accepted: 0, duplicates: 0, pending: 1 };
  service.faults.push((response) => answer(response, 202, { ...counts, results }, { location: "/receipts/r1" }));

  const verdict = await batcherOf(service).add(eventOf("a"));

  expect(verdict).toMatchObject({ status: "pending", receipt: new URL("/receipts/r1", service.url) });
});

test("an answer without a result for every event leaves the outcomes unknown", async () => {
  service.faults.push((response) => answer(response, 200, { received: 2, accepted: 2, duplicates: 0, results: [] }));
  const batcher = batcherOf(service);

  expect(await outcomesOf(["a", "b"].map((id) => batcher.add(eventOf(id))))).toMatchObject(
    ["a", "b"].map((id) => ({ outcome: "unknown", events: [eventOf(id)] })),
  );
});

test("a dead letter is refused, also if an earlier answer was lost", async () => {
  const problem = { status: 422, code: "dead_lettered", detail: "the store refused this event permanently" };
  service.faults.push(storeAndClose, (response) => answer(response, 422, problem));

  const refused = await outcomeOf(batcherOf(service).add(eventOf("a")));

  expect(refused).toMatchObject({ outcome: "refused", code: "dead_lettered", attempts: 2, doubtfulAttempts: 1 });
});

test("an event that was given up can be added again under the same id", async () => {
  service.faults.push(storeAndClose);
  const { event_id, ...anonymous } = eventOf("a");

  const lost = (await outcomeOf(batcherOf(service, {}, { deadlineMs: 5_000 }).add(anonymous))) as PublishError;

  expect(lost).toMatchObject({ outcome: "unknown", attempts: 1, doubtfulAttempts: 1 });
  expect(await outcomesOf(lost.events.map((event) => batcherOf(service).add(event)))).toEqual(["duplicate"]);
});

test("a verdict counts the attempts whose outcome is unknown", async () => {
  service.faults.push(storeAndClose);

  expect(await batcherOf(service).add(eventOf("a"))).toMatchObject({ status: "duplicate", doubtfulAttempts: 1 });
});

test.each([
  { errors: "of its own" },
  { errors: ["of its own"] },
  { errors: [null] },
  { errors: [{ pointer: 1, detail: "a" }] },
])("a problem of a proxy refuses the event, with any errors: %j", async (problem) => {
  service.faults.push((response) => answer(response, 422, { code: "proxy", ...problem }));
  const batcher = batcherOf(service);

  expect(await outcomeOf(batcher.add(eventOf("a")))).toMatchObject({ outcome: "refused", code: "proxy", faults: [] });
  expect(batcher.pending).toBe(0);
});

test.each([
  [200, { results: [null] }],
  [200, { results: [{}] }],
  [200, { results: "s" }],
  [200, { results: [{ status: "rejected" }], rejected: null }],
  [200, { results: [{ status: "rejected" }], rejected: [{ index: 0 }] }],
  [202, { results: [{ status: "pending" }] }],
])("an answer of %i that makes no sense leaves the outcome unknown: %j", async (status, body) => {
  const counts = { received: 1, accepted: 1, duplicates: 0 };
  service.faults.push((response) => answer(response, status, { ...counts, ...body }, { location: "http://[" }));
  const batcher = batcherOf(service);

  expect(await outcomeOf(batcher.add(eventOf("a")))).toMatchObject({ outcome: "unknown", events: [eventOf("a")] });
  expect(batcher.pending).toBe(0);
});

test("an unknown attempt of a request counts for each of its halves", async () => {
  service.faults.push(storeAndClose);
  service.faults.push((response) => answer(response, 400, { code: "malformed_json" }));
  const batcher = batcherOf(service);

  const verdicts = await Promise.all(["a", "b"].map((id) => batcher.add(eventOf(id))));

  expect(verdicts).toMatchObject(["a", "b"].map(() => ({ status: "duplicate", doubtfulAttempts: 1 })));
});
