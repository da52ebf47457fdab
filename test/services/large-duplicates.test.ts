import { join } from "node:path";
import { createDataDir } from "@tidemark/test-support/infrastructure/programs";
import { startOwnService } from "@tidemark/test-support/processes/own-services";
import { expect, test } from "vitest";

/** Returns the text of an event `large`, or of an event with this id. */
function eventText(payload: string, id = "large"): string {
  return `{"topic":"t","event_id":"${id}","source":"s","timestamp":"2025-10-23T10:00:00Z","payload":${payload}}`;
}

async function publish(url: string, body: string) {
  const headers = { "content-type": "application/json", prefer: "wait=30" };
  const answer = await fetch(`${url}/publish`, { method: "POST", headers, body });
  return { status: answer.status, body: await answer.json() };
}

test("a thousand differing duplicates of an event of 7.8 MB do not block other clients, and single stops cleanly after them", async () => {
  const single = await startOwnService("single", {
    DATABASE_PATH: join(await createDataDir(), "tidemark.db"),
    PUBLISH_WAIT_MS: "30000",
  });
  const large = `{"list":[${"[],".repeat(2_590_000)}[]]}`;
  expect(await publish(single.url, eventText(large))).toMatchObject({ status: 200, body: { accepted: 1 } });

  const duplicates = Array.from({ length: 1_000 }, (_, n) => eventText(`{"n":${n}}`));
  const [poison, bystander] = await Promise.all([
    publish(single.url, `[${duplicates.join(",")}]`),
    publish(single.url, eventText("{}", "of another client")),
  ]);

  expect(poison).toMatchObject({ status: 200, body: { duplicates: 1_000, conflicts: 1_000 } });
  expect(bystander).toMatchObject({ status: 200, body: { accepted: 1 } });
  expect((await fetch(`${single.url}/health`)).status).toBe(200);
  expect(await single.end("SIGTERM")).toBe(0);
});
