import { gzipSync } from "node:zlib";
import { startOwnBroker, startOwnService } from "@tidemark/test-support/processes/own-services";
import type { ServiceProcess } from "@tidemark/test-support/processes/service-process";
import { expect, test } from "vitest";

// The gateway of this test has a sixth of the heap that compose gives it. Each fault in these bodies is under a key of
// 7.9 million characters, so that a pointer with the whole key would take 16 MB.

const SMALL_HEAP = ["--max-old-space-size=80"];

function bodyWithFaults(count: number): string {
  const event = { topic: "t", event_id: "1", timestamp: "2025-10-23T10:00:00Z", source: "s" };
  return JSON.stringify({ ...event, payload: { ["k".repeat(7_900_000)]: Array(count).fill("\u0000") } });
}

async function post({ url }: ServiceProcess, body: string | Buffer<ArrayBuffer>, headers = {}) {
  const answer = await fetch(`${url}/publish`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
  const text = await answer.text();
  return { status: answer.status, bytes: Buffer.byteLength(text), problem: JSON.parse(text) };
}

test("a gateway with a small heap refuses bodies with long pointers, one by one and eight at a time, and continues", async () => {
  const broker = await startOwnBroker();
  const gateway = await startOwnService("gateway", { NATS_URL: broker.url }, SMALL_HEAP);
  const { pid } = gateway;

  const sixty = await post(gateway, bodyWithFaults(60));
  const compressed = await post(gateway, gzipSync(bodyWithFaults(60)), { "content-encoding": "gzip" });
  const three = bodyWithFaults(3);
  const together = await Promise.all(Array.from({ length: 8 }, () => post(gateway, three)));

  expect(sixty).toMatchObject({ status: 422, problem: { errors_total: 60 } });
  expect(sixty.problem.errors[0].pointer).toMatch(/^\/payload\/k+…k+\/0$/);
  expect(compressed).toMatchObject({ status: 413, problem: { code: "expansion_too_large" } });
  for (const { status } of together) expect([422, 503]).toContain(status);
  for (const { bytes } of [sixty, compressed, ...together]) expect(bytes).toBeLessThanOrEqual(64 * 1024);
  expect(await post(gateway, "{}")).toMatchObject({ status: 422 });
  expect(gateway.pid).toBe(pid);
});
