import { findFreePort } from "@tidemark/programs/free-port";
import { createOwnDatabase, startOwnBroker, startOwnService } from "@tidemark/test-support/processes/own-services";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, onTestFinished, test } from "vitest";
import { readDocumented } from "../metrics/documented.ts";
import { readFamilies, sampleOf } from "../metrics/exposition.ts";

async function startMeasured(name: string, environment: Record<string, string>) {
  const port = await findFreePort();
  const service = await startOwnService(name, { ...environment, METRICS_PORT: String(port) });
  const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Object.assign(service, { scrape });
}

test("a stack has every metric of docs/metrics.md, and names its only gateway while that gateway is frozen", {
  timeout: 120_000,
}, async () => {
  const broker = await startOwnBroker();
  const database = await createOwnDatabase();
  const environment = { NATS_URL: broker.url, NATS_MONITOR_URL: broker.monitorUrl, DATABASE_URL: database.url };
  const consumer = await startMeasured("consumer", environment);
  const query = await startMeasured("query", environment);
  const gateway = await startMeasured("gateway", environment);
  const event = { topic: "t", event_id: "1", timestamp: "2025-10-23T10:00:00Z", source: "s" };
  const headers = { "content-type": "application/json" };
  await fetch(`${gateway.url}/publish`, { method: "POST", headers, body: JSON.stringify(event) });

  const shown = { consumer, query, gateway };
  const expected = readDocumented().filter(({ where }) => where !== "edge");
  for (const [name, { scrape }] of Object.entries(shown)) {
    const places = new Set(["every process", name]);
    const documented = expected.filter(({ where }) => places.has(where)).map((metric) => metric.name);
    expect([...readFamilies(await scrape()).keys()].sort(), name).toEqual(documented.sort());
  }
  const ofQuery = await query.scrape();
  expect(sampleOf(ofQuery, "tidemark_log_replicas_missing")).toBe(0);
  // 0, unless a heartbeat of the consumer is just being written.
  expect(sampleOf(ofQuery, "tidemark_database_oldest_transaction_seconds")).toBeLessThan(60);
  expect(sampleOf(ofQuery, 'tidemark_disk_free_bytes{volume="log"}')).toBeGreaterThan(0);
  expect((await fetch(`${query.url}/metrics`)).status).toBe(404);

  const { gatewayId } = JSON.parse(/^.*"gatewayId".*$/m.exec(gateway.output())?.[0] ?? "{}");
  const waitForHealth = (status: number, body: object) =>
    waitFor(`health ${status}`, async () => {
      const answer = await fetch(`${query.url}/health`);
      expect([answer.status, await answer.json()]).toMatchObject([status, body]);
      return true;
    });
  await waitForHealth(200, { gateway_running: true, log_max_bytes: 64_000_000 });

  gateway.signal("SIGSTOP");
  onTestFinished(() => gateway.signal("SIGCONT"));
  await waitForHealth(503, {
    gateway_running: false,
    missing: [{ part: "gateway", id: gatewayId }],
    reasons: ["no gateway sent a heartbeat within 5 seconds"],
  });
  expect(sampleOf(await query.scrape(), "tidemark_gateways")).toBe(0);

  gateway.signal("SIGCONT");
  await waitForHealth(200, { gateway_running: true, missing: [] });
});
