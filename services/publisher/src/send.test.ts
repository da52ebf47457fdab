import { afterEach, beforeEach, expect, test } from "vitest";
import { answer, type FakeService, startFakeService } from "./fake-service.ts";
import { type SendOptions, sendRequest } from "./send.ts";

let service: FakeService;
let options: SendOptions;
const event = JSON.stringify({ topic: "t", event_id: "e" });
const never = new AbortController().signal;

beforeEach(async () => {
  service = await startFakeService();
  options = { url: service.url, requestTimeoutMs: 5_000, retryForMs: 10_000, stop: never, abort: never };
});
afterEach(() => service.close());

test("is answered with the service's counts", async () => {
  const outcome = await sendRequest(event, options);

  expect(outcome).toMatchObject({ result: "answered", attempts: 1, doubtfulAttempts: 0 });
  expect(outcome.counts).toMatchObject({ received: 1, accepted: 1, duplicates: 0, conflicts: 0, pending: 0 });
});

test.each([
  [429, { code: "too_many_requests" }],
  [503, { code: "queue_full" }],
])("tries again after a %i of which nothing was taken, without doubt", async (status, problem) => {
  service.faults.push((response) => answer(response, status, problem, { "retry-after": "0" }));

  expect(await sendRequest(event, options)).toMatchObject({ result: "answered", attempts: 2, doubtfulAttempts: 0 });
});

test.each([
  [503, { code: "outcome_unknown" }],
  [503, {}],
  [502, {}],
  [500, { code: "internal_error" }],
])("tries again after a %i of unknown outcome, and remembers the doubt", async (status, problem) => {
  service.faults.push((response, store) => {
    store();
    answer(response, status, problem);
  });

  const outcome = await sendRequest(event, options);

  expect(outcome).toMatchObject({ result: "answered", attempts: 2, doubtfulAttempts: 1 });
  expect(outcome.counts).toMatchObject({ accepted: 0, duplicates: 1 });
});

test("tries again when the connection breaks before the answer, or within it", async () => {
  service.faults.push((response) => response.destroy());
  service.faults.push((response) => {
    response.writeHead(200, { "content-length": "1000" }).write("{");
    setImmediate(() => response.destroy());
  });

  expect(await sendRequest(event, options)).toMatchObject({ result: "answered", attempts: 3, doubtfulAttempts: 2 });
});

test("tries again when no answer comes in time", async () => {
  service.faults.push(() => {});

  const outcome = await sendRequest(event, { ...options, requestTimeoutMs: 100 });

  expect(outcome).toMatchObject({ result: "answered", attempts: 2, doubtfulAttempts: 1 });
});

test("does not try sooner than Retry-After says", async () => {
  service.faults.push((response) => answer(response, 503, { code: "queue_full" }, { "retry-after": "1" }));
  const startedAt = performance.now();

  await sendRequest(event, options);

  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
});

test.each([400, 401, 403, 404, 413, 415, 422])("never tries a %i again", async (status) => {
  service.faults.push((response) => answer(response, status, { code: "invalid_event", detail: "no" }));

  const outcome = await sendRequest(event, options);

  expect(outcome).toEqual({
    result: "refused",
    attempts: 1,
    doubtfulAttempts: 0,
    reason: `${status} invalid_event: no`,
  });
  expect(service.requests).toHaveLength(1);
});

test("gives up in time, refused when nothing can have been taken", async () => {
  service.faults.push(...Array(50).fill((response: never) => answer(response, 503, { code: "log_full" })));

  const outcome = await sendRequest(event, { ...options, retryForMs: 300 });

  expect(outcome).toMatchObject({ result: "refused", doubtfulAttempts: 0, reason: "503 log_full" });
  expect(outcome.attempts).toBeGreaterThan(1);
});

test("gives up a service that is not there without doubt about what it stored", async () => {
  await service.close();

  const outcome = await sendRequest(event, { ...options, retryForMs: 300 });

  expect(outcome).toMatchObject({ result: "refused", doubtfulAttempts: 0, reason: "ECONNREFUSED" });
});

test("follows the receipt of a 202 until nothing is pending", async () => {
  service.faults.push((response) =>
    answer(response, 202, { received: 1, accepted: 0, duplicates: 0, pending: 1 }, { location: "/receipts/r1" }),
  );
  service.receipts.set("/receipts/r1", [
    { received: 1, accepted: 0, duplicates: 0, pending: 1 },
    { received: 1, accepted: 1, duplicates: 0, pending: 0 },
  ]);

  const outcome = await sendRequest(event, options);

  expect(outcome).toMatchObject({ result: "answered", attempts: 1, counts: { accepted: 1, pending: 0 } });
  expect(service.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    "POST /publish",
    "GET /receipts/r1",
    "GET /receipts/r1",
  ]);
  expect(service.requests[1]?.headers.prefer).toBe("wait=10");
});

test("does not know what became of a request whose receipt is never judged", async () => {
  const pending = { received: 1, accepted: 0, duplicates: 0, pending: 1 };
  service.faults.push((response) => answer(response, 202, pending, { location: "/receipts/r1" }));
  service.receipts.set("/receipts/r1", [pending]);

  expect(await sendRequest(event, { ...options, retryForMs: 300 })).toMatchObject({ result: "unknown" });
});

test("stops waiting when the run is stopped", async () => {
  service.faults.push((response) => answer(response, 503, { code: "log_full" }, { "retry-after": "9" }));
  const stop = new AbortController();
  const outcome = sendRequest(event, { ...options, stop: stop.signal });
  stop.abort();

  expect(await outcome).toMatchObject({ result: "refused", attempts: 1 });
});

test("shows its key", async () => {
  await sendRequest(event, { ...options, apiKey: "secret" });

  expect(service.requests[0]?.headers.authorization).toBe("Bearer secret");
});
