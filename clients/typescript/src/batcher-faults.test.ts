import fc from "fast-check";
import { expect, test } from "vitest";
import type { Verdict } from "./batch-outcome.ts";
import type { NewEvent } from "./contract.ts";
import { answer, type FakeService, type Fault, startFakeService } from "./fake-service.ts";
import { PublishError, TidemarkClient } from "./tidemark-client.ts";

/** Every fault that an attempt can meet. */
const FAULTS: Record<string, Fault> = {
  "closed before": (response) => response.destroy(),
  "closed after": (response, store) => {
    store();
    response.destroy();
  },
  "cut within": (response, store) => {
    store();
    response.writeHead(200, { "content-length": "1000" }).write("{");
    setImmediate(() => response.destroy());
  },
  "slow down": (response) => answer(response, 429, { code: "slow_down" }, { "retry-after": "0" }),
  full: (response) => answer(response, 503, { code: "queue_full" }),
  "outcome unknown": (response, store) => {
    store();
    answer(response, 503, { code: "outcome_unknown" });
  },
  "our bug": (response) => answer(response, 500, { code: "internal_error" }),
  "of a proxy": (response, store) => {
    store();
    response.writeHead(502).end("<h1>Bad Gateway</h1>");
  },
  "no sense": (response) => response.writeHead(200).end("<h1>Welcome</h1>"),
  unauthorized: (response) => answer(response, 401, { code: "unauthorized" }),
  unreadable: (response) => answer(response, 400, { code: "malformed_json" }),
};

interface Sent {
  event: NewEvent;
  /** The position of the event among the added events. The event carries it as an attribute. */
  number: number;
  outcome: Verdict | PublishError;
}

const anyFault = fc.constantFrom(undefined, ...Object.keys(FAULTS));

/** An event to add. With `waits`, it is added after the events before it have their outcomes. */
const anyAdding = fc.record({ hasId: fc.boolean(), isBad: fc.boolean(), waits: fc.boolean() });

const anyLimits = fc.record({
  maxEvents: fc.integer({ min: 1, max: 5 }),
  maxBytes: fc.integer({ min: 250, max: 1_000 }),
  maxPending: fc.integer({ min: 1, max: 12 }),
});

const anyRun = fc.record({
  faults: fc.array(anyFault, { maxLength: 12 }),
  addings: fc.array(anyAdding, { minLength: 1, maxLength: 15 }),
  limits: anyLimits,
  /** Whether there is time for many attempts. With time for one attempt, most outcomes are errors. */
  isPatient: fc.boolean(),
});

type Run = Parameters<Parameters<typeof anyRun.map>[0]>[0];

/** Adds the events of a run, and returns the outcome of each. */
async function send(service: FakeService, { faults, addings, limits, isPatient }: Run): Promise<Sent[]> {
  service.faults.push(...faults.map((name) => (name === undefined ? undefined : FAULTS[name])));
  const requestTimeoutMs = 10_000;
  const deadlineMs = isPatient ? 60_000 : requestTimeoutMs;
  const options = { url: service.url, requestTimeoutMs, deadlineMs, firstDelayMs: 1, longestDelayMs: 2 };
  const batcher = new TidemarkClient(options).batcher({ lingerMs: 0, ...limits });
  const sent: Promise<Sent>[] = [];
  for (const [number, { hasId, isBad, waits }] of addings.entries()) {
    if (waits) await batcher.flush();
    await batcher.room();
    const id = hasId ? { event_id: `event-${number}` } : {};
    const event = { topic: isBad ? "" : "t", ...id, timestamp: "2025-10-23T10:00:00Z", source: "s", number };
    const outcome = batcher.add(event).catch((error) => error);
    sent.push(outcome.then((outcome) => ({ event, number, outcome })));
  }
  await batcher.close();
  return Promise.all(sent);
}

/** Returns the id of an event at each of its attempts. */
function sentIdsOf(service: FakeService, number: number): string[] {
  const events = service.bodies.flatMap((body) => JSON.parse(body) as { event_id: string; number: number }[]);
  return events.filter((event) => event.number === number).map(({ event_id }) => event_id);
}

function expectHonest(service: FakeService, { event, number, outcome }: Sent, isPatient: boolean): void {
  const ids = new Set(sentIdsOf(service, number));
  expect(ids.size).toBe(1);
  const [id = ""] = ids;
  if (event.event_id !== undefined) expect(id).toBe(event.event_id);
  const isStored = service.hasStored(event.topic, id);
  if (!(outcome instanceof PublishError)) {
    expect(outcome).toMatchObject({ topic: event.topic, event_id: id });
    expect(isStored).toBe(true);
    // Every event is added once, so only an earlier attempt can have stored it.
    if (outcome.status === "duplicate") expect(outcome.doubtfulAttempts).toBeGreaterThan(0);
    return;
  }
  expect(outcome.events).toEqual([{ ...event, event_id: id }]);
  if (outcome.outcome !== "unknown") expect(isStored).toBe(false);
  if (event.topic === "" && outcome.code === "invalid_event") expect(outcome.pointer).toBe("/topic");
  if (isPatient) expect(outcome.outcome).not.toBe("not taken");
}

test("with any faults, each event has one correct outcome, and the same id at every attempt", async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, async (run) => {
      const service = await startFakeService();
      try {
        const sent = await send(service, run);
        expect(sent).toHaveLength(run.addings.length);
        for (const one of sent) expectHonest(service, one, run.isPatient);
        for (const body of service.bodies) {
          expect(JSON.parse(body).length).toBeLessThanOrEqual(run.limits.maxEvents);
          expect(Buffer.byteLength(body)).toBeLessThanOrEqual(run.limits.maxBytes);
        }
      } finally {
        await service.close();
      }
    }),
    { numRuns: 200 },
  );
}, 60_000);
