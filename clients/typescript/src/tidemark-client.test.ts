import { afterEach, beforeEach, expect, test } from "vitest";
import type { NewEvent } from "./contract.ts";
import { answer, type FakeService, type Fault, startFakeService } from "./fake-service.ts";
import { type ClientOptions, PublishError, TidemarkClient } from "./tidemark-client.ts";

let service: FakeService;
beforeEach(async () => {
  service = await startFakeService();
});
afterEach(() => service.close());

const event: NewEvent = { topic: "t", event_id: "e", timestamp: "2025-10-23T10:00:00Z", source: "s" };
const anonymous: NewEvent = { topic: "t", timestamp: "2025-10-23T10:00:00Z", source: "s" };

function clientOf(options: Partial<ClientOptions> = {}): TidemarkClient {
  return new TidemarkClient({ url: service.url, firstDelayMs: 5, ...options });
}

/** The error that a promise is rejected with. */
async function errorOf(publishing: Promise<unknown>): Promise<PublishError> {
  const error = await publishing.then(
    () => "it was published",
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(PublishError);
  return error;
}

function refuseAlways(fault: Fault): void {
  service.faults.push(...Array<Fault>(1_000).fill(fault));
}

const storeAndClose: Fault = (response, store) => {
  store();
  response.destroy();
};

test("publish resolves to the verdict of each event", async () => {
  const publication = await clientOf().publish([event, { ...event, event_id: "f" }, event]);

  expect(publication).toMatchObject({ received: 3, accepted: 2, duplicates: 1, attempts: 1, doubtfulAttempts: 0 });
  expect(publication.results?.map(({ status }) => status)).toEqual(["stored", "stored", "duplicate"]);
  expect(service.requests[0]?.headers).toMatchObject({
    "content-type": "application/json",
    prefer: "return=representation",
  });
});

test("publish sends a single event without an array, and a text unchanged", async () => {
  await clientOf().publish(event);
  await clientOf().publishText(` [${JSON.stringify(event)}]`);

  expect(service.bodies).toEqual([JSON.stringify(event), ` [${JSON.stringify(event)}]`]);
  expect(service.requests[1]?.headers).not.toHaveProperty("prefer");
});

test("a URL without a path is the address of the service", async () => {
  await clientOf({ url: service.url.origin }).publish(event);
  await clientOf({ url: `${service.url.origin}/intake` }).publish(event);

  expect(service.requests.map(({ url }) => url)).toEqual(["/publish", "/intake"]);
});

test.each(["tidemark", "ftp://localhost/publish"])("the client refuses the URL %s", (url) => {
  expect(() => clientOf({ url })).toThrow(TypeError);
});

test("the client sends its key", async () => {
  await clientOf({ apiKey: "secret" }).publish(event);

  expect(service.requests[0]?.headers.authorization).toBe("Bearer secret");
});

test("with an infinite deadline the client retries indefinitely", async () => {
  service.faults.push((response) => answer(response, 503, { code: "log_full" }));
  const client = clientOf({ deadlineMs: Number.POSITIVE_INFINITY });

  expect(await client.publish(event)).toMatchObject({ accepted: 1, attempts: 2, doubtfulAttempts: 0 });
});

test("an event without an id gets one, the same at every attempt", async () => {
  service.faults.push(storeAndClose, storeAndClose);

  const { results, doubtfulAttempts } = await clientOf().publish([anonymous, anonymous]);

  const ids = service.bodies.map((body) => JSON.parse(body).map((sent: NewEvent) => sent.event_id));
  expect(ids).toEqual([ids[0], ids[0], ids[0]]);
  expect(new Set(ids[0]).size).toBe(2);
  expect(results?.map(({ event_id, status }) => [event_id, status])).toEqual(
    ids[0].map((id: string) => [id, "duplicate"]),
  );
  expect(doubtfulAttempts).toBe(2);
  expect(anonymous).not.toHaveProperty("event_id");
});

test.each([
  [429, { code: "too_many_requests" }],
  [503, { code: "queue_full" }],
])(
  "the client retries after a %i that took nothing, and counts no attempt with an unknown outcome",
  async (status, problem) => {
    service.faults.push((response) => answer(response, status, problem, { "retry-after": "0" }));

    expect(await clientOf().publish(event)).toMatchObject({ accepted: 1, attempts: 2, doubtfulAttempts: 0 });
  },
);

test.each([
  [503, { code: "outcome_unknown" }],
  [503, {}],
  [502, {}],
  [500, { code: "internal_error" }],
])("the client retries after a %i of unknown outcome, and counts that attempt", async (status, problem) => {
  service.faults.push((response, store) => {
    store();
    answer(response, status, problem);
  });

  expect(await clientOf().publish(event)).toMatchObject({ duplicates: 1, attempts: 2, doubtfulAttempts: 1 });
});

test("a request is repeated if the connection breaks before or within the answer", async () => {
  service.faults.push((response) => response.destroy());
  service.faults.push((response) => {
    response.writeHead(200, { "content-length": "1000" }).write("{");
    setImmediate(() => response.destroy());
  });

  expect(await clientOf().publish(event)).toMatchObject({ accepted: 1, attempts: 3, doubtfulAttempts: 2 });
});

test("a request is repeated if no answer comes in time", async () => {
  service.faults.push(() => {});

  const { attempts, doubtfulAttempts } = await clientOf({ requestTimeoutMs: 100 }).publish(event);

  expect(attempts).toBeGreaterThan(1);
  expect(doubtfulAttempts).toBe(attempts - 1);
});

test.each([
  ["seconds", () => "3600"],
  ["an HTTP date", () => new Date(Date.now() + 3_600_000).toUTCString()],
])("the client gives up at once when Retry-After is after the deadline, in %s", async (_form, retryAfter) => {
  service.faults.push((response) => answer(response, 429, { code: "slow_down" }, { "retry-after": retryAfter() }));

  expect(await errorOf(clientOf().publish(event))).toMatchObject({ outcome: "not taken", status: 429, attempts: 1 });
});

test.each([400, 401, 403, 404, 413, 415, 422])("a request is not repeated after %i", async (status) => {
  const errors = [{ pointer: "/topic", detail: "must not be empty" }];
  service.faults.push((response) => answer(response, status, { code: "named", detail: "no", errors }));

  const error = await errorOf(clientOf().publish(event));

  expect(error).toMatchObject({ outcome: "refused", status, code: "named", pointer: "/topic", faults: errors });
  expect(error.message).toBe(`event "e" of "t": refused: ${status} named: no`);
  expect(service.requests).toHaveLength(1);
});

test("the client gives up before the deadline: not taken, if nothing can have been stored", async () => {
  refuseAlways((response) => answer(response, 503, { code: "log_full", detail: "the log is full" }));

  const error = await errorOf(clientOf({ requestTimeoutMs: 5_000, deadlineMs: 5_300 }).publish([anonymous, event]));

  expect(error).toMatchObject({ outcome: "not taken", code: "log_full", doubtfulAttempts: 0 });
  expect(error.message).toBe("given up, nothing was taken: 503 log_full: the log is full");
});

test("the client gives up with an unknown outcome and the ids to send again", async () => {
  refuseAlways(storeAndClose);

  const error = await errorOf(clientOf({ requestTimeoutMs: 5_000, deadlineMs: 5_100 }).publish([anonymous, event]));

  expect(error).toMatchObject({ outcome: "unknown", status: undefined, doubtfulAttempts: error.attempts });
  expect(JSON.stringify(error.events)).toBe(service.bodies.at(-1));
  service.faults.length = 0;
  expect(await clientOf().publish(error.events)).toMatchObject({ accepted: 0, duplicates: 2 });
});

test("a refusal after an unknown attempt leaves the outcome unknown", async () => {
  service.faults.push(storeAndClose, (response) => answer(response, 401, { code: "unauthorized" }));

  expect(await errorOf(clientOf().publish(event))).toMatchObject({ outcome: "unknown", status: 401, attempts: 2 });
});

test("an unreachable service has stored nothing", async () => {
  await service.close();

  const error = await errorOf(clientOf({ requestTimeoutMs: 5_000, deadlineMs: 5_050 }).publish(event));

  expect(error).toMatchObject({ outcome: "not taken", reason: "ECONNREFUSED", doubtfulAttempts: 0 });
});

test.each<[string, Fault]>([
  ["no JSON", (response) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>Welcome</h1>")],
  ["no counts", (response) => answer(response, 200, { received: 1, accepted: -1, duplicates: 2 })],
  ["no receipt", (response) => answer(response, 202, { received: 1, accepted: 0, duplicates: 0, pending: 1 })],
])("an answer of %s leaves the outcome unknown", async (_what, fault) => {
  service.faults.push(fault);

  expect(await errorOf(clientOf().publish(event))).toMatchObject({ outcome: "unknown", attempts: 1 });
});

const PENDING = { received: 1, accepted: 0, duplicates: 0, pending: 1 };

test("a 202 is a receipt, which can be followed until nothing is pending", async () => {
  service.faults.push((response) => answer(response, 202, PENDING, { location: "/receipts/r1" }));
  service.receipts.set("/receipts/r1", [PENDING, { received: 1, accepted: 1, duplicates: 0, pending: 0 }]);
  const client = clientOf();

  const { pending, receipt } = await client.publish(event);
  expect(pending).toBe(1);
  expect(receipt?.pathname).toBe("/receipts/r1");
  expect(service.requests).toHaveLength(1);

  expect(await client.followReceipt(receipt as URL)).toMatchObject({ accepted: 1, pending: 0 });
  expect(service.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    "POST /publish",
    "GET /receipts/r1",
    "GET /receipts/r1",
  ]);
  expect(service.requests[1]?.headers.prefer).toBe("wait=10");
});

test("a receipt whose events are pending at the deadline is given up", async () => {
  service.receipts.set("/receipts/r1", [PENDING]);

  const following = clientOf({ requestTimeoutMs: 5_000, deadlineMs: 5_100 }).followReceipt(
    new URL("/receipts/r1", service.url),
  );

  expect(await errorOf(following)).toMatchObject({
    outcome: "unknown",
    reason: "events of the receipt were still pending at the deadline",
  });
});

test("requests are strict by default, and lenient on request", async () => {
  service.faults.push(undefined, (response) => answer(response, 422, { code: "invalid_event" }));
  const mixed = [event, { ...event, topic: "" }];

  const lenient = await clientOf().publish(mixed, { lenient: true });

  expect(lenient).toMatchObject({ received: 1, rejected: [{ index: 1, pointer: "/1/topic" }] });
  expect(await errorOf(clientOf().publish(mixed))).toMatchObject({ outcome: "refused", code: "invalid_event" });
  expect(service.requests.map(({ headers }) => headers.prefer)).toEqual([
    "handling=lenient, return=representation",
    "return=representation",
  ]);
});

test("an aborted attempt has an unknown outcome", async () => {
  const abort = new AbortController();
  service.faults.push((_response, store) => {
    store();
    abort.abort("enough");
  });

  const error = await errorOf(clientOf().publish(event, { signal: abort.signal }));

  expect(error).toMatchObject({ outcome: "unknown", reason: "interrupted", cause: "enough", attempts: 1 });
});

test("nothing is sent after an abort", async () => {
  const error = await errorOf(clientOf().publish(event, { signal: AbortSignal.abort() }));

  expect(error).toMatchObject({ outcome: "not taken", reason: "interrupted" });
  expect(service.requests).toHaveLength(0);
});

test.each(["signal", "stop"] as const)("a %s ends the pause between attempts", async (name) => {
  const interrupt = new AbortController();
  service.faults.push((response) => {
    answer(response, 503, { code: "log_full" }, { "retry-after": "9" });
    interrupt.abort();
  });

  const error = await errorOf(clientOf().publish(event, { [name]: interrupt.signal }));

  expect(error.attempts).toBe(1);
});

test("after a stop the attempt in flight still gets its answer", async () => {
  const stop = new AbortController();
  service.faults.push((response, store) => {
    stop.abort();
    setImmediate(() => answer(response, 200, store()));
  });

  expect(await clientOf().publish(event, { stop: stop.signal })).toMatchObject({ accepted: 1 });
});
