import { eventText, uniqueName } from "@tidemark/event-store/contract/frames";
import {
  type DeploymentUnderTest,
  type OpenDeployment,
  openSingle,
  openStack,
} from "@tidemark/test-support/processes/deployments";
import { waitFor } from "@tidemark/test-support/wait-for";
import { describe, expect, test } from "vitest";

async function publish({ publishUrl }: DeploymentUnderTest, texts: string[], headers: Record<string, string> = {}) {
  const body = `[${texts.join(",")}]`;
  const init = { method: "POST", headers: { "content-type": "application/json", ...headers }, body };
  const answer = await fetch(`${publishUrl}/publish`, init);
  return { status: answer.status, body: await answer.json() };
}

async function get({ readUrl }: DeploymentUnderTest, path: string) {
  return (await (await fetch(`${readUrl}${path}`)).json()) as Record<string, unknown>;
}

const eventsOf = (topic: string, count: number) =>
  Array.from({ length: count }, (_, index) => eventText({ topic, id: `e${index}` }));

/** Waits for the end of the writing process, and returns its exit code and its fatal lines. */
async function readEnding({ writer }: DeploymentUnderTest) {
  const exit = await writer.ended;
  const lines = writer.output().split("\n");
  return { exit, fatal: lines.filter((line) => line.includes('"level":60')) };
}

const SYSTEMIC_ENDING = {
  exit: 1,
  fatal: [expect.stringMatching(/refuses every one of 12 events with .*refused by the test/)],
};

describe("a store that refuses one event of a thousand", () => {
  const deployments: [name: string, open: OpenDeployment][] = [
    ["single", openSingle],
    ["the stack", openStack],
  ];

  test.each(deployments)(
    "%s stores 999 events of a thousand if its store refuses one, and reports the dead letter",
    async (_name, open) => {
      const deployment = await open();
      const topic = uniqueName("poison");
      await deployment.refuse("NEW.event_id = 'e500'");

      const { status, body } = await publish(deployment, eventsOf(topic, 1_000), { prefer: "wait=30" });

      expect({ status, body }).toMatchObject({
        status: 200,
        body: { received: 1_000, accepted: 999, duplicates: 0, dead_lettered: 1 },
      });
      expect(await get(deployment, `/stats?topic=${topic}`)).toMatchObject({
        received: 1_000,
        unique_processed: 999,
        duplicate_dropped: 0,
        dead_lettered: 1,
        queue_size: 0,
      });
      const deadLetter = { topic, event: { event_id: "e500" }, reason: expect.stringContaining("refused by the test") };
      expect(await get(deployment, "/dead-letters")).toMatchObject({ count: 1, dead_letters: [deadLetter] });
      await expect.poll(() => deployment.writer.output()).toContain('"msg":"events became dead letters"');
      await expect.poll(() => deployment.writer.output()).toContain(`"topic":"${topic}","event_id":"e500"`);
    },
  );
});

describe("a store that refuses every event", () => {
  test("single ends with the reason if its store refuses every event, and no event is lost or a dead letter", async () => {
    const deployment = await openSingle();
    const events = eventsOf(uniqueName("systemic"), 12);
    await deployment.refuse("true");

    const answer = await publish(deployment, events);

    expect(answer).toMatchObject({ status: 503, body: { code: "outcome_unknown" } });
    expect(await readEnding(deployment)).toEqual(SYSTEMIC_ENDING);
    await deployment.accept();
    const repaired = await deployment.restartWriter();
    expect(await publish(repaired, events)).toMatchObject({ status: 200, body: { accepted: 12 } });
    expect(await get(repaired, "/stats")).toMatchObject({ received: 12, dead_lettered: 0 });
  });

  test("the consumer ends with the reason if its store refuses every event, while the gateway accepts events", async () => {
    const deployment = await openStack();
    await deployment.refuse("true");

    const first = await publish(deployment, eventsOf(uniqueName("systemic"), 12));
    expect(await readEnding(deployment)).toEqual(SYSTEMIC_ENDING);
    const second = await publish(deployment, eventsOf(uniqueName("meanwhile"), 20));

    expect(first).toMatchObject({ status: 202, body: { pending: 12 } });
    expect(second).toMatchObject({ status: 202, body: { pending: 20 } });
    expect(await get(deployment, "/stats")).toMatchObject({ received: 32, queue_size: 32 });
    await deployment.accept();
    const repaired = await deployment.restartWriter();
    // The frame that the ended consumer held is redelivered only after 20 s, so it may still be queued.
    const isSecondFrameStored = async () => {
      const stats = await get(repaired, "/stats");
      expect(stats).toMatchObject({ received: 32, duplicate_dropped: 0, dead_lettered: 0 });
      return Number(stats.unique_processed) >= 20;
    };
    await waitFor("the second frame to be stored", isSecondFrameStored, { timeoutMs: 30_000 });
  });
});
