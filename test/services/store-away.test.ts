import { eventText } from "@tidemark/event-store/contract/frames";
import {
  createOwnDatabase,
  startOwn,
  startOwnBroker,
  startOwnProxy,
} from "@tidemark/test-support/processes/own-services";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, test } from "vitest";

const BATCH = 50;
const PAYLOAD = JSON.stringify({ text: "x".repeat(1_000) });
const TEST_TIMEOUT_MS = 180_000;

const batchOf = (count: number) => Array.from({ length: count }, () => eventText({ payload: PAYLOAD }));

const environment = { LOG_MAX_BYTES: "1000000" };

test(
  "while its store is away the stack takes events at once until the log is full, then catches up alone",
  async () => {
    const { url: NATS_URL } = await startOwnBroker();
    const { url: DATABASE_URL } = await createOwnDatabase();
    const wire = await startOwnProxy(DATABASE_URL);
    const consumer = await startOwn("consumer", { ...environment, NATS_URL, DATABASE_URL: wire.url });
    const gateway = await startOwn("gateway", { ...environment, NATS_URL });
    const query = await startOwn("query", { ...environment, NATS_URL, DATABASE_URL });
    let taken = 0;
    const publish = async (events: string[], headers: Record<string, string> = {}) => {
      const answer = await fetch(`${gateway.url}/publish`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: `[${events.join(",")}]`,
      });
      if (answer.ok) taken += events.length;
      return answer;
    };
    const untilBooks = (expected: object) =>
      waitFor(
        "the books",
        async () => {
          expect(await (await fetch(`${query.url}/stats`)).json()).toMatchObject(expected);
          return true;
        },
        { timeoutMs: 60_000 },
      );
    const isPatient = { prefer: "wait=60" }; // named in the answer where it was honoured
    expect((await publish(batchOf(1), isPatient)).status).toBe(200);

    wire.refuse();
    await waitFor("the gateway to know that waiting is in vain", async () => {
      const answer = await publish(batchOf(1), { prefer: "wait=1" });
      return answer.status === 202 && answer.headers.get("preference-applied") === null;
    });
    let answer = await publish(batchOf(BATCH), isPatient);
    for (; answer.ok; answer = await publish(batchOf(BATCH), isPatient)) {
      expect([answer.status, answer.headers.get("preference-applied")]).toEqual([202, null]);
    }

    expect([answer.status, await answer.json()]).toEqual([503, expect.objectContaining({ code: "log_full" })]);
    const retryAfterSeconds = Number(answer.headers.get("retry-after"));
    expect(retryAfterSeconds).toBeGreaterThanOrEqual(30);
    expect(retryAfterSeconds).toBeLessThanOrEqual(60);
    expect(taken).toBeGreaterThan(5 * BATCH);
    // All of what was taken, nothing of what was refused.
    await untilBooks({ received: taken });

    wire.heal();
    await untilBooks({ received: taken, unique_processed: taken, duplicate_dropped: 0, queue_size: 0 });
    expect(consumer.isEnded).toBe(false);
    await waitFor("verdicts to be waited for again", async () => (await publish(batchOf(1), isPatient)).status === 200);
  },
  TEST_TIMEOUT_MS,
);
