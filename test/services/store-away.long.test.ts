import { eventText } from "@tidemark/event-store/contract/frames";
import {
  createOwnDatabase,
  startOwnBroker,
  startOwnProxy,
  startOwnService,
} from "@tidemark/test-support/processes/own-services";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, test } from "vitest";

const BATCH = 50;
const PAYLOAD = JSON.stringify({ text: "x".repeat(1_000) });
const TEST_TIMEOUT_MS = 180_000;

const batchOf = (count: number) => Array.from({ length: count }, () => eventText({ payload: PAYLOAD }));

const environment = { LOG_MAX_BYTES: "1000000" };

test(
  "while its store is down the stack accepts events without waiting until the log is full, and later stores them all",
  async () => {
    const { url: NATS_URL } = await startOwnBroker();
    const { url: DATABASE_URL } = await createOwnDatabase();
    const databaseProxy = await startOwnProxy(DATABASE_URL);
    const [consumer, gateway, query] = await Promise.all([
      startOwnService("consumer", { ...environment, NATS_URL, DATABASE_URL: databaseProxy.url }),
      startOwnService("gateway", { ...environment, NATS_URL }),
      startOwnService("query", { ...environment, NATS_URL, DATABASE_URL }),
    ]);
    let accepted = 0;
    const publish = async (events: string[], headers: Record<string, string> = {}) => {
      const answer = await fetch(`${gateway.url}/publish`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: `[${events.join(",")}]`,
      });
      if (answer.ok) accepted += events.length;
      return answer;
    };
    const waitForBooks = (expected: object) =>
      waitFor(
        "the books",
        async () => {
          expect(await (await fetch(`${query.url}/stats`)).json()).toMatchObject(expected);
          return true;
        },
        { timeoutMs: 60_000 },
      );
    const waitLong = { prefer: "wait=60" }; // the answer names the preference if the gateway waited
    expect((await publish(batchOf(1), waitLong)).status).toBe(200);

    databaseProxy.refuse();
    await waitFor("the gateway to know that the store is down", async () => {
      const answer = await publish(batchOf(1), { prefer: "wait=1" });
      return answer.status === 202 && answer.headers.get("preference-applied") === null;
    });
    let answer = await publish(batchOf(BATCH), waitLong);
    for (; answer.ok; answer = await publish(batchOf(BATCH), waitLong)) {
      expect([answer.status, answer.headers.get("preference-applied")]).toEqual([202, null]);
    }

    expect([answer.status, await answer.json()]).toEqual([503, expect.objectContaining({ code: "log_full" })]);
    const retryAfterSeconds = Number(answer.headers.get("retry-after"));
    expect(retryAfterSeconds).toBeGreaterThanOrEqual(30);
    expect(retryAfterSeconds).toBeLessThanOrEqual(60);
    expect(accepted).toBeGreaterThan(5 * BATCH);
    // Every accepted event counts, and no refused one does.
    await waitForBooks({ received: accepted });

    databaseProxy.heal();
    await waitForBooks({ received: accepted, unique_processed: accepted, duplicate_dropped: 0, queue_size: 0 });
    expect(consumer.isEnded).toBe(false);
    await waitFor(
      "the gateway to wait for verdicts again",
      async () => (await publish(batchOf(1), waitLong)).status === 200,
    );
  },
  TEST_TIMEOUT_MS,
);
