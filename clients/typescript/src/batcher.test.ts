import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { Batcher, type BatcherOptions } from "./batcher.ts";
import type { NewEvent } from "./contract.ts";
import { answer, type FakeService, type Fault, startFakeService } from "./fake-service.ts";
import { PublishError, TidemarkClient } from "./tidemark-client.ts";

let service: FakeService;
beforeEach(async () => {
  service = await startFakeService();
});
afterEach(() => service.close());

const NEVER_MS = 3_600_000;

function eventOf(id: string, topic = "t"): NewEvent {
  return { topic, event_id: id, timestamp: "2025-10-23T10:00:00Z", source: "s" };
}

function batcherOf(options: BatcherOptions = {}, { deadlineMs = 60_000 } = {}) {
  const client = new TidemarkClient({ url: service.url, deadlineMs, requestTimeoutMs: 5_000, firstDelayMs: 5 });
  return client.batcher({ lingerMs: 0, ...options });
}

/** The ids of each request's events. */
function sentIds(): string[][] {
  return service.bodies.map((body) => JSON.parse(body).map((event: NewEvent) => event.event_id));
}

/** What an event's promise came to: its status, or the error. */
async function outcomeOf(adding: Promise<{ status: string }>): Promise<string | PublishError> {
  try {
    return (await adding).status;
  } catch (error) {
    expect(error).toBeInstanceOf(PublishError);
    return error as PublishError;
  }
}

function outcomesOf(addings: Promise<{ status: string }>[]) {
  return Promise.all(addings.map(outcomeOf));
}

test("gathers what is added together, and gives each event its own verdict", async () => {
  const batcher = batcherOf();

  const added = ["a", "b", "a"].map((id) => batcher.add(eventOf(id)));

  expect(batcher.pending).toBe(3);
  expect(await outcomesOf(added)).toEqual(["stored", "stored", "duplicate"]);
  expect(await added[1]).toEqual({ topic: "t", event_id: "b", status: "stored", doubtfulAttempts: 0 });
  expect(batcher.pending).toBe(0);
  expect(sentIds()).toEqual([["a", "b", "a"]]);
});

test("a full request does not wait for more", async () => {
  const batcher = batcherOf({ lingerMs: NEVER_MS, maxEvents: 2 });

  expect(await outcomesOf(["a", "b"].map((id) => batcher.add(eventOf(id))))).toEqual(["stored", "stored"]);
});

test("an event may wait for ever", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const publishText = vi.fn();
  const batcher = new Batcher({ publishText }, { lingerMs: Number.POSITIVE_INFINITY });
  void outcomeOf(batcher.add(eventOf("a")));

  vi.advanceTimersByTime(NEVER_MS);

  expect(publishText).not.toHaveBeenCalled();
});

test("one request is under way at a time, in the order of adding", async () => {
  const first = Promise.withResolvers<void>();
  service.faults.push((response, store) => void first.promise.then(() => answer(response, 200, store())));
  const batcher = batcherOf({ maxEvents: 2 });
  const added = ["a", "b", "c", "d", "e"].map((id) => batcher.add(eventOf(id)));
  await vi.waitUntil(() => service.bodies.length > 0);
  const late = batcher.add(eventOf("f"));
  expect(service.bodies).toHaveLength(1);
  first.resolve();

  await outcomesOf([...added, late]);
  expect(sentIds()).toEqual([
    ["a", "b"],
    ["c", "d"],
    ["e", "f"],
  ]);
});

test("no request holds more than the limits", async () => {
  const batcher = batcherOf({ maxEvents: 5, maxBytes: 420 });
  const ids = Array.from({ length: 40 }, (_, index) => "é".repeat(index) + index);

  await outcomesOf(ids.map((id) => batcher.add(eventOf(id))));

  expect(sentIds().flat()).toEqual(ids);
  expect(Math.max(...sentIds().map((batch) => batch.length))).toBe(5);
  const bytes = service.bodies.map((body) => Buffer.byteLength(body));
  expect(Math.max(...bytes)).toBeLessThanOrEqual(420);
  // As full as can be: nothing that was waiting would have fitted as well.
  sentIds().forEach((batch, index) => {
    const next = sentIds()[index + 1]?.[0];
    const room = 420 - (bytes[index] ?? 0);
    if (batch.length < 5 && next !== undefined)
      expect(Buffer.byteLength(JSON.stringify(eventOf(next))) + 1).toBeGreaterThan(room);
  });
});

test("an event that fits in no request is rejected, and harms no other", async () => {
  const size = JSON.stringify([eventOf("a")]).length;
  const batcher = batcherOf({ maxBytes: size });

  const [tooLarge, fitting] = await outcomesOf([batcher.add(eventOf("ab")), batcher.add(eventOf("a"))]);

  expect(tooLarge).toMatchObject({ outcome: "not taken", code: "body_too_large", events: [{ event_id: "ab" }] });
  expect(fitting).toBe("stored");
  expect(sentIds()).toEqual([["a"]]);
});

test("an event that cannot be written is rejected, and harms no other", async () => {
  const batcher = batcherOf();

  const [unwritable, fine] = await outcomesOf([
    batcher.add({ ...eventOf("a"), payload: { amount: 1n } }),
    batcher.add(eventOf("b")),
  ]);

  expect(unwritable).toMatchObject({ outcome: "not taken", code: "unwritable_event", cause: expect.any(TypeError) });
  expect(fine).toBe("stored");
});

test("an event is what it was when it was added", async () => {
  const batcher = batcherOf();
  const event = eventOf("a");
  const adding = batcher.add(event);
  event.event_id = "changed";

  expect((await adding).event_id).toBe("a");
  expect(sentIds()).toEqual([["a"]]);
});

test("one that breaks a rule is rejected with what is wrong, its neighbours are stored", async () => {
  const batcher = batcherOf();

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

test("each of many that all break rules is told its own", async () => {
  const batcher = batcherOf();

  const outcomes = await outcomesOf(Array.from({ length: 250 }, (_, index) => batcher.add(eventOf(`${index}`, ""))));

  for (const [index, outcome] of outcomes.entries()) {
    expect(outcome).toMatchObject({
      outcome: "refused",
      faults: [{ pointer: "/topic", detail: "must not be empty" }],
      events: [{ event_id: `${index}` }],
    });
  }
});

test("a body that is refused for nobody knows which event is halved until that one stands alone", async () => {
  const refuse: Fault = (response) => answer(response, 400, { code: "malformed_json", detail: "too deep" });
  service.faults.push(refuse, undefined, refuse, refuse);
  const batcher = batcherOf();

  const outcomes = await outcomesOf(["a", "b", "c", "d"].map((id) => batcher.add(eventOf(id))));

  expect(outcomes).toEqual(["stored", "stored", expect.any(PublishError), "stored"]);
  expect(outcomes[2]).toMatchObject({ outcome: "refused", status: 400, code: "malformed_json" });
  expect(sentIds()).toEqual([["a", "b", "c", "d"], ["a", "b"], ["c", "d"], ["c"], ["d"]]);
});

test("what is no fault of the events is told to each of them, once", async () => {
  service.faults.push((response) => answer(response, 401, { code: "unauthorized", detail: "no such key" }));
  const batcher = batcherOf();

  const outcomes = await outcomesOf(["a", "b"].map((id) => batcher.add(eventOf(id))));

  expect(outcomes).toMatchObject(
    ["a", "b"].map((id) => ({ outcome: "refused", status: 401, events: [eventOf(id)], attempts: 1 })),
  );
  expect((outcomes[1] as PublishError).message).toContain('event "b" of "t": refused: 401 unauthorized');
  expect(service.requests).toHaveLength(1);
});

test("a dead letter is told from a broken rule", async () => {
  const counts = { received: 2, accepted: 1, duplicates: 0, dead_lettered: 1, rejected: [] };
  const results = ["rejected", "stored"].map((status) => ({ topic: "t", event_id: "e", status }));
  service.faults.push((response) => answer(response, 200, { ...counts, results }));
  const batcher = batcherOf();

  const outcomes = await outcomesOf(["a", "b"].map((id) => batcher.add(eventOf(id))));

  expect(outcomes).toEqual([expect.any(PublishError), "stored"]);
  expect(outcomes[0]).toMatchObject({ outcome: "refused", code: "dead_lettered" });
});

test("pending events come with their receipt", async () => {
  const results = [{ topic: "t", event_id: "a", status: "pending" }];
  const counts = { received: 1, accepted: 0, duplicates: 0, pending: 1 };
  service.faults.push((response) => answer(response, 202, { ...counts, results }, { location: "/receipts/r1" }));

  const verdict = await batcherOf().add(eventOf("a"));

  expect(verdict).toMatchObject({ status: "pending", receipt: new URL("/receipts/r1", service.url) });
});

test("an answer that does not speak of every event leaves their outcome unknown", async () => {
  service.faults.push((response) => answer(response, 200, { received: 2, accepted: 2, duplicates: 0, results: [] }));
  const batcher = batcherOf();

  expect(await outcomesOf(["a", "b"].map((id) => batcher.add(eventOf(id))))).toMatchObject(
    ["a", "b"].map((id) => ({ outcome: "unknown", events: [eventOf(id)] })),
  );
});

test("what was given up can be added again under the same id", async () => {
  service.faults.push((response, store) => {
    store();
    response.destroy();
  });
  const { event_id, ...anonymous } = eventOf("a");

  const lost = (await outcomeOf(batcherOf({}, { deadlineMs: 5_000 }).add(anonymous))) as PublishError;

  expect(lost).toMatchObject({ outcome: "unknown", attempts: 1, doubtfulAttempts: 1 });
  expect(await outcomesOf(lost.events.map((event) => batcherOf().add(event)))).toEqual(["duplicate"]);
});

test("a verdict tells of attempts that may have been taken", async () => {
  service.faults.push((response, store) => {
    store();
    response.destroy();
  });

  expect(await batcherOf().add(eventOf("a"))).toMatchObject({ status: "duplicate", doubtfulAttempts: 1 });
});

test("beyond the limit of pending events, one more is rejected and there is no room", async () => {
  const batcher = batcherOf({ maxPending: 2, lingerMs: NEVER_MS });
  const release = Promise.withResolvers<void>();
  service.faults.push((response, store) => void release.promise.then(() => answer(response, 200, store())));
  const added = ["a", "b"].map((id) => batcher.add(eventOf(id)));
  let hasRoom = false;
  const room = batcher.room().then(() => {
    hasRoom = true;
  });

  expect(await outcomeOf(batcher.add(eventOf("c")))).toMatchObject({ code: "batcher_full", outcome: "not taken" });
  await vi.waitUntil(() => service.bodies.length > 0);
  expect(hasRoom).toBe(false);
  release.resolve();
  expect(await outcomesOf(added)).toEqual(["stored", "stored"]);
  await room;
  expect(sentIds()).toEqual([["a", "b"]]);
});

test("whoever waits for room finds it, however many wait", async () => {
  const batcher = batcherOf({ maxPending: 3, maxEvents: 2 });
  const add = async (id: string) => {
    await batcher.room();
    return outcomeOf(batcher.add(eventOf(id)));
  };

  const outcomes = await Promise.all(Array.from({ length: 50 }, (_, index) => add(`${index}`)));

  expect(outcomes).toEqual(Array(50).fill("stored"));
  expect(sentIds().flat()).toEqual(Array.from({ length: 50 }, (_, index) => `${index}`));
});

test("a flush while the last request is under way sends nothing that comes after it sooner", async () => {
  const batcher = batcherOf({ lingerMs: NEVER_MS, maxEvents: 2 });
  const before = ["a", "b"].map((id) => batcher.add(eventOf(id)));
  await batcher.flush();
  const after = ["c", "d"].map((id) => batcher.add(eventOf(id)));

  expect(await outcomesOf([...before, ...after])).toEqual(["stored", "stored", "stored", "stored"]);
  expect(sentIds()).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
});

test("flush sends at once and resolves when what was added has its outcome, a bad one too", async () => {
  const batcher = batcherOf({ lingerMs: NEVER_MS });
  let settled = 0;
  for (const topic of ["t", ""]) void outcomeOf(batcher.add(eventOf("e", topic))).then(() => settled++);

  await batcher.flush();

  expect(batcher.pending).toBe(0);
  await vi.waitUntil(() => settled === 2);
  await batcher.flush();
  expect(service.requests).toHaveLength(1);
});

test("closed, it has sent everything and takes no more", async () => {
  const batcher = batcherOf({ lingerMs: NEVER_MS, maxEvents: 2 });
  const added = ["a", "b", "c"].map((id) => batcher.add(eventOf(id)));

  const closing = batcher.close();
  const late = await outcomeOf(batcher.add(eventOf("d")));
  await closing;

  expect(late).toMatchObject({ outcome: "not taken", code: "batcher_closed", events: [eventOf("d")] });
  expect(await outcomesOf(added)).toEqual(["stored", "stored", "stored"]);
  expect(sentIds()).toEqual([["a", "b"], ["c"]]);
});

test("broken off, what is under way may have been taken, and what is queued was not", async () => {
  const abort = new AbortController();
  service.faults.push(() => abort.abort());
  const batcher = batcherOf({ maxEvents: 1, signal: abort.signal });

  const outcomes = await outcomesOf(["a", "b", "c"].map((id) => batcher.add(eventOf(id))));

  expect(outcomes).toMatchObject([{ outcome: "unknown" }, { outcome: "not taken" }, { outcome: "not taken" }]);
  expect(service.requests).toHaveLength(1);
});

test.each([
  { errors: "of its own" },
  { errors: ["of its own"] },
  { errors: [null] },
  { errors: [{ pointer: 1, detail: "a" }] },
])("a problem of a proxy refuses the event, whatever its errors are: %j", async (problem) => {
  service.faults.push((response) => answer(response, 422, { code: "proxy", ...problem }));
  const batcher = batcherOf();

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
  const batcher = batcherOf();

  expect(await outcomeOf(batcher.add(eventOf("a")))).toMatchObject({ outcome: "unknown", events: [eventOf("a")] });
  expect(batcher.pending).toBe(0);
});

test.each(["maxEvents", "maxBytes", "maxPending"])("refuses a %s of nothing", (limit) => {
  expect(() => batcherOf({ [limit]: 0 })).toThrow(RangeError);
});

test("a doubt about a request is one about each of its halves", async () => {
  service.faults.push((response, store) => {
    store();
    response.destroy();
  });
  service.faults.push((response) => answer(response, 400, { code: "malformed_json" }));
  const batcher = batcherOf();

  const verdicts = await Promise.all(["a", "b"].map((id) => batcher.add(eventOf(id))));

  expect(verdicts).toMatchObject(["a", "b"].map(() => ({ status: "duplicate", doubtfulAttempts: 1 })));
});
