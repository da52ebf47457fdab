import { TidemarkClient } from "@tidemark/client";
import { answer, type FakeService, startFakeService } from "@tidemark/client/fake-service";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type SendOptions, sendRequest } from "./send.ts";

let service: FakeService;
let options: SendOptions;
const event = JSON.stringify({ topic: "t", event_id: "e" });
const never = new AbortController().signal;

function optionsWithin(retryForMs: number): SendOptions {
  const requestTimeoutMs = 5_000;
  const deadlineMs = retryForMs + requestTimeoutMs;
  const client = new TidemarkClient({ url: service.url, requestTimeoutMs, deadlineMs, firstDelayMs: 5 });
  return { client, stop: never, abort: never };
}

beforeEach(async () => {
  service = await startFakeService();
  options = optionsWithin(10_000);
});
afterEach(() => service.close());

test("an answered request has the counts of the service", async () => {
  const outcome = await sendRequest(event, options);

  expect(outcome).toMatchObject({ result: "answered", attempts: 1, doubtfulAttempts: 0 });
  expect(outcome.counts).toEqual({
    received: 1,
    accepted: 1,
    duplicates: 0,
    conflicts: 0,
    deadLettered: 0,
    pending: 0,
  });
});

test("a request with a lost answer is repeated, and the lost attempt is counted", async () => {
  service.faults.push((response, store) => {
    store();
    response.destroy();
  });

  const outcome = await sendRequest(event, options);

  expect(outcome).toMatchObject({ result: "answered", attempts: 2, doubtfulAttempts: 1 });
  expect(outcome.counts).toMatchObject({ accepted: 0, duplicates: 1 });
});

test("a dead letter that is answered 422 was received", async () => {
  service.faults.push((response) => answer(response, 422, { status: 422, code: "dead_lettered", detail: "refused" }));

  const outcome = await sendRequest(event, options);

  expect(outcome).toMatchObject({ result: "answered", counts: { received: 1, accepted: 0, deadLettered: 1 } });
});

test("a refused request has the reason of the service", async () => {
  service.faults.push((response) => answer(response, 422, { code: "invalid_event", detail: "no" }));

  expect(await sendRequest(event, options)).toEqual({
    result: "refused",
    attempts: 1,
    doubtfulAttempts: 0,
    reason: "422 invalid_event: no",
  });
});

test("a request that is stopped before it was sent counts as refused", async () => {
  await service.close();

  const outcome = await sendRequest(event, optionsWithin(0));

  expect(outcome).toMatchObject({ result: "refused", attempts: 1, doubtfulAttempts: 0, reason: "ECONNREFUSED" });
});

const PENDING = { received: 1, accepted: 0, duplicates: 0, pending: 1 };

test("the receipt of a 202 is followed until nothing is pending", async () => {
  service.faults.push((response) => answer(response, 202, PENDING, { location: "/receipts/r1" }));
  service.receipts.set("/receipts/r1", [PENDING, { received: 1, accepted: 1, duplicates: 0, pending: 0 }]);

  const outcome = await sendRequest(event, options);

  expect(outcome).toMatchObject({ result: "answered", attempts: 1, counts: { accepted: 1, pending: 0 } });
});

test("a request whose receipt stays pending has an unknown outcome", async () => {
  service.faults.push((response) => answer(response, 202, PENDING, { location: "/receipts/r1" }));
  service.receipts.set("/receipts/r1", [PENDING]);

  expect(await sendRequest(event, optionsWithin(100))).toMatchObject({
    result: "unknown",
    doubtfulAttempts: 1,
    reason: "events of the receipt were still pending at the deadline",
  });
});

test("a stop ends the pause between attempts", async () => {
  const stop = new AbortController();
  service.faults.push((response) => {
    answer(response, 503, { code: "log_full" }, { "retry-after": "9" });
    stop.abort();
  });

  expect(await sendRequest(event, { ...options, stop: stop.signal })).toMatchObject({ result: "refused", attempts: 1 });
});
