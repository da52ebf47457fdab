import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import type { NewEvent } from "./contract.ts";
import { answer, type FakeService, startFakeService } from "./fake-service.ts";
import { type ClientOptions, PublishError, TidemarkClient } from "./tidemark-client.ts";

// The client sends requests, and therefore the key, only to addresses of the service, even if an answer names another
// address.

let service: FakeService;
beforeEach(async () => {
  service = await startFakeService();
});
afterEach(() => service.close());

const event: NewEvent = { topic: "t", event_id: "e", timestamp: "2025-10-23T10:00:00Z", source: "s" };
const PENDING = { received: 1, accepted: 0, duplicates: 0, pending: 1 };

function clientOf(options: Partial<ClientOptions> = {}): TidemarkClient {
  return new TidemarkClient({ url: service.url, firstDelayMs: 5, ...options });
}

/** Returns the error with which a promise is rejected. */
async function errorOf(publishing: Promise<unknown>): Promise<PublishError> {
  const error = await publishing.then(
    () => "it was published",
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(PublishError);
  return error;
}

test("the client refuses a key that a header cannot hold, and does not quote it", () => {
  for (const apiKey of ["", "secret\nkey", "sécret"]) {
    const open = () => clientOf({ apiKey });
    expect(open).toThrow("the API key is empty, or has a space or a character that is not ASCII");
    expect(open).not.toThrow(/s.cret/);
  }
});

test.each([301, 302, 307, 308])(
  "a redirect is not followed, so that no other address gets the key: %i",
  async (status) => {
    const other = await startFakeService();
    onTestFinished(() => other.close());
    service.faults.push((response) => response.writeHead(status, { location: other.url.href }).end());

    const error = await errorOf(clientOf({ apiKey: "secret" }).publish(event));

    expect(error).toMatchObject({ outcome: "refused", status, attempts: 1 });
    expect(error.reason).toContain(`moved to ${other.url}`);
    expect(other.requests).toHaveLength(0);
  },
);

test("a relative receipt is below the path prefix of the service", async () => {
  service.faults.push((response) => answer(response, 202, PENDING, { location: "receipts/r1" }));
  service.receipts.set("/intake/receipts/r1", [{ received: 1, accepted: 1, duplicates: 0, pending: 0 }]);
  const client = clientOf({ url: new URL("/intake/publish", service.url), apiKey: "secret" });

  const { receipt } = await client.publish(event);

  expect(await client.followReceipt(receipt as URL)).toMatchObject({ accepted: 1, pending: 0 });
  expect(service.requests[1]?.headers.authorization).toBe("Bearer secret");
});

test.each(["elsewhere", "/outside/receipts/r1", "receipts/../../outside"])(
  "a receipt at the address of another service gets no request, and therefore not the key: %s",
  async (location) => {
    const other = await startFakeService();
    onTestFinished(() => other.close());
    const place = location === "elsewhere" ? new URL("/intake/receipts/r1", other.url).href : location;
    service.faults.push((response) => answer(response, 202, PENDING, { location: place }));
    const client = clientOf({ url: new URL("/intake/publish", service.url), apiKey: "secret" });

    const { receipt } = await client.publish(event);
    const error = await errorOf(client.followReceipt(receipt as URL));

    expect(error).toMatchObject({ outcome: "unknown", reason: expect.stringContaining("which is not below") });
    expect([service.requests.length, other.requests.length]).toEqual([1, 0]);
  },
);

test.each([
  [404, "not_found"],
  [401, "unauthorized"],
  [403, "forbidden"],
])("a receipt that is answered %i is not requested again, and the error names the answer", async (status, code) => {
  service.receipts.set("/receipts/r1", [
    (response: ServerResponse) => answer(response, status, { code, detail: "no" }),
  ]);

  const error = await errorOf(clientOf().followReceipt(new URL("/receipts/r1", service.url)));

  expect(error).toMatchObject({
    outcome: "unknown",
    status,
    code,
    attempts: 1,
    reason: `the receipt could not be read: ${status} ${code}: no`,
  });
});
