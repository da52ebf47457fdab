import { createOwnDatabase, startOwnBroker, startOwnService } from "@tidemark/test-support/processes/own-services";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, onTestFinished, test } from "vitest";

test("a stack whose only gateway is frozen is unhealthy, and healthy once it goes on", {
  timeout: 120_000,
}, async () => {
  const broker = await startOwnBroker();
  const database = await createOwnDatabase();
  const environment = { NATS_URL: broker.url, DATABASE_URL: database.url };
  await startOwnService("consumer", environment);
  const query = await startOwnService("query", environment);
  const gateway = await startOwnService("gateway", environment);
  const waitForHealth = (status: number, body: object) =>
    waitFor(`health ${status}`, async () => {
      const answer = await fetch(`${query.url}/health`);
      expect([answer.status, await answer.json()]).toMatchObject([status, body]);
      return true;
    });
  await waitForHealth(200, { gateway_running: true, log_max_bytes: 64_000_000 });

  gateway.signal("SIGSTOP");
  onTestFinished(() => gateway.signal("SIGCONT"));
  await waitForHealth(503, { gateway_running: false, reasons: ["no gateway sent a heartbeat within 5 seconds"] });

  gateway.signal("SIGCONT");
  await waitForHealth(200, { gateway_running: true });
});
