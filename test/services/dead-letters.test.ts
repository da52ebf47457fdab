import { eventText, uniqueName } from "@tidemark/event-store/contract/frames";
import {
  type DeploymentUnderTest,
  type OpenDeployment,
  openSingle,
  openStack,
} from "@tidemark/test-support/processes/deployments";
import { describe, expect, test } from "vitest";

/** Publishes a hundred events, three of which the store refuses. */
async function publishWithRefusedEvents(deployment: DeploymentUnderTest, topic: string): Promise<unknown> {
  await deployment.refuse("NEW.event_id IN ('e0', 'e50', 'e99')");
  const texts = Array.from({ length: 100 }, (_, index) => eventText({ topic, id: `e${index}` }));
  const answer = await fetch(`${deployment.publishUrl}/publish`, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "wait=30, return=representation" },
    body: `[${texts.join(",")}]`,
  });
  return answer.json();
}

async function call({ readUrl }: DeploymentUnderTest, path: string, method = "GET") {
  const answer = await fetch(`${readUrl}${path}`, { method });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : (JSON.parse(text) as Record<string, unknown>) };
}

async function readCounts(deployment: DeploymentUnderTest) {
  const { body } = await call(deployment, "/stats");
  const { received, unique_processed: stored, duplicate_dropped: duplicates, dead_lettered: dead, drift } = body ?? {};
  return { received, stored, duplicates, dead, drift };
}

async function listDeadLetters(deployment: DeploymentUnderTest): Promise<{ id: string; attempts: number }[]> {
  const { body } = await call(deployment, "/dead-letters");
  return body?.dead_letters as { id: string; attempts: number }[];
}

const deployments: [name: string, open: OpenDeployment][] = [
  ["single", openSingle],
  ["the stack", openStack],
];

describe.each(deployments)("dead letters", (name, open) => {
  test(`dead letters of ${name} are reported to the sender, redriven and deleted, while the books stay balanced`, async () => {
    const deployment = await open();
    const topic = uniqueName("dead");

    const published = await publishWithRefusedEvents(deployment, topic);

    expect(published).toMatchObject({ received: 100, accepted: 97, dead_lettered: 3 });
    expect(await readCounts(deployment)).toEqual({ received: 100, stored: 97, duplicates: 0, dead: 3, drift: 0 });
    const [first, second, third] = (await listDeadLetters(deployment)).map(({ id }) => id);
    expect(await call(deployment, `/dead-letters/${first}/redrive`, "POST")).toMatchObject({
      status: 409,
      body: { code: "still_refused", refusal: { reason: expect.stringContaining("refused by the test") } },
    });
    expect((await listDeadLetters(deployment)).map(({ attempts }) => attempts)).toEqual([2, 1, 1]);

    await deployment.accept();
    const redriven = await call(deployment, `/dead-letters/${first}/redrive`, "POST");

    expect(redriven).toEqual({ status: 200, body: { id: first, status: "stored" } });
    expect((await call(deployment, `/events/${topic}/e0`)).status).toBe(200);
    expect(await readCounts(deployment)).toEqual({ received: 100, stored: 98, duplicates: 0, dead: 2, drift: 0 });
    expect((await call(deployment, `/dead-letters/${first}/redrive`, "POST")).status).toBe(404);

    const deleted = await call(deployment, `/dead-letters/${second}`, "DELETE");

    expect(deleted).toEqual({ status: 204, body: undefined });
    expect((await call(deployment, `/dead-letters/${second}`, "DELETE")).status).toBe(404);
    expect((await listDeadLetters(deployment)).map(({ id }) => id)).toEqual([third]);
    expect(await readCounts(deployment)).toEqual({ received: 100, stored: 98, duplicates: 0, dead: 2, drift: 0 });
  });
});
