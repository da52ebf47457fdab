import { expect, test } from "vitest";
import { describeEventLog } from "./contract/event-log-contract.ts";
import { createFrame, takeAll } from "./contract/frames.ts";
import { createMemoryEventLog } from "./memory-event-log.ts";

const SIZE = { maxEvents: 100_000, maxBytes: 100_000_000 };

describeEventLog("the memory log", {
  fullCode: "queue_full",
  async createLog(size = SIZE) {
    const log = createMemoryEventLog(size);
    return { open: async () => log, close: () => log.close() };
  },
});

test("a frame larger than the whole log is accepted only when the log is empty", async () => {
  const log = createMemoryEventLog({ maxEvents: 10, maxBytes: 1_000 });
  const large = createFrame({ requests: [50], events: Buffer.alloc(5_000, 0x20) });
  await log.append(createFrame());
  await expect(log.append(large)).rejects.toMatchObject({ code: "queue_full" });

  for (const delivery of await takeAll(log, 1)) delivery.ack();
  await log.append(large);
  await expect(log.append(createFrame())).rejects.toMatchObject({ code: "queue_full" });
  expect((await takeAll(log, 1))[0]?.frame).toBe(large);
});

test("a frame in flight counts towards the size until it is acknowledged", async () => {
  const log = createMemoryEventLog({ maxEvents: 1, maxBytes: 1_000 });
  await log.append(createFrame());
  const [delivery] = await takeAll(log, 1);
  await expect(log.append(createFrame())).rejects.toMatchObject({ code: "queue_full" });
  delivery?.ack();
  await expect(log.append(createFrame())).resolves.toBeDefined();
});
