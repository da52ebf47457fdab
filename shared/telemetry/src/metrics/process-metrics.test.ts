import { expect, test } from "vitest";
import { createProcessMetrics } from "./process-metrics.ts";

function blockEventLoop(ms: number): void {
  for (const endMs = performance.now() + ms; performance.now() < endMs; );
}

test("a scrape leaves the delays of the event loop for the next one", async () => {
  const metrics = createProcessMetrics({ service: "test", version: "0" });
  const readLongest = async () => {
    const [, seconds] = /^tidemark_event_loop_delay_seconds\{quantile="1"\} (.*)$/m.exec(await metrics.text()) ?? [];
    return Number(seconds);
  };
  const blockAndRead = async () => {
    blockEventLoop(200); // again and again, because the monitor counts from its first callback on
    return readLongest();
  };

  await expect.poll(blockAndRead, { timeout: 20_000 }).toBeGreaterThan(0.1);
  expect(await readLongest()).toBeGreaterThan(0.1);
});
