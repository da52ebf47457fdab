import { createFrame } from "@tidemark/event-log/contract/frames";
import { createLogger } from "@tidemark/telemetry/logger";
import { startOwnClusterInPart } from "@tidemark/test-support/processes/nats-cluster";
import { waitFor } from "@tidemark/test-support/wait-for";
import { expect, onTestFinished, test, vi } from "vitest";
import { createJetstreamConnection } from "./connection.ts";
import { createJetstreamEventLog, type LogAccess } from "./jetstream-event-log.ts";

vi.setConfig({ testTimeout: 240_000 }); // brokers elect leaders
const WAIT = { timeout: 60_000 };

function openLog(url: string, access: LogAccess) {
  const logger = createLogger({ service: "test", level: "silent" });
  const warn = vi.spyOn(logger, "warn");
  const connection = createJetstreamConnection({ url, name: "test", logger });
  onTestFinished(() => connection.close());
  const log = createJetstreamEventLog({ connection, access, replicas: 3, maxBytes: 64_000_000, logger });
  onTestFinished(() => log.close());
  log.opened.catch(() => {}); // asserted below
  return { log, warnings: () => warn.mock.calls.map((words) => words.at(-1)) };
}

test("a log with three replicas waits for the third broker, and says what to check", async () => {
  const { url, startThird } = await startOwnClusterInPart();
  const consumer = openLog(url, "take");
  const gateway = openLog(url, "append");

  const advice = expect.stringContaining("check that at least LOG_REPLICAS brokers run");
  for (const { warnings } of [consumer, gateway]) await expect.poll(warnings, WAIT).toContainEqual(advice);
  await startThird();

  await Promise.all([consumer.log.opened, gateway.log.opened]);
  const frame = createFrame();
  await waitFor("a frame to be confirmed", () => gateway.log.append(frame).then(() => true), {
    timeoutMs: WAIT.timeout,
  });
  const [delivery] = await consumer.log.take({ maxEvents: 1, maxBytes: 1_000_000 });
  expect(delivery?.frame?.id).toBe(frame.id);
});
