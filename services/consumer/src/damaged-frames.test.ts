import { Unavailable } from "@tidemark/domain/errors";
import { describe, expect, it, vi } from "vitest";
import { allDeadLettered, allStored, DAMAGED, frame, NEWER, runConsumer } from "./consumer-fixture.ts";

describe("a frame that cannot be read", () => {
  it("a frame that cannot be read becomes a dead letter with the events that the log counts for it, and its neighbours are applied", async () => {
    const deadLetterFrame = vi.fn(allDeadLettered);
    const { eventLog, verdicts, calls, error } = runConsumer(
      async (deliveries) => allStored(deliveries),
      deadLetterFrame,
    );
    const [first, damaged, last] = [frame(), frame(2, DAMAGED), frame()];
    await Promise.all([first, damaged, last].map((one) => eventLog.append(one)));

    await expect.poll(() => verdicts).toHaveLength(3);
    expect(Object.fromEntries(verdicts.map(({ frameId, verdicts }) => [frameId, verdicts]))).toEqual({
      [first.id]: "s",
      [damaged.id]: "xx",
      [last.id]: "s",
    });
    expect(calls.map((call) => call.length)).toEqual([2]);
    expect(deadLetterFrame.mock.calls).toMatchObject([[{ frameId: damaged.id, events: 2, origin: { sequence: 2 } }]]);
    expect(error.mock.calls).toMatchObject([
      [{ frame: damaged.id, events: 2 }, "a damaged frame became a dead letter"],
    ]);
    expect(await eventLog.snapshot()).toMatchObject({ frames: 0 });
  });

  it("a frame that cannot be read is acknowledged only after the commit, even when the store is down for a while", async () => {
    let isUp = false;
    const { eventLog, heartbeats, verdicts } = runConsumer(
      async (deliveries) => allStored(deliveries),
      async (damaged) => {
        if (!isUp) throw new Unavailable({ code: "store_unreachable", detail: "down" });
        return allDeadLettered(damaged);
      },
    );
    await eventLog.append(frame(1, DAMAGED));
    await expect.poll(() => heartbeats.at(-1)?.isStoreUp).toBe(false);
    expect([await eventLog.snapshot(), verdicts]).toMatchObject([{ frames: 1 }, []]);
    isUp = true;
    await expect.poll(() => verdicts).toMatchObject([{ verdicts: "x" }]);
    expect(await eventLog.snapshot()).toMatchObject({ frames: 0 });
  });

  it("a frame that cannot be read becomes a dead letter even when an error with its neighbours ends the consumer", async () => {
    const { eventLog, consumer, verdicts } = runConsumer(() => Promise.reject(new Error("a bug")));
    const done = expect(consumer.done).rejects.toThrow("a bug");
    await Promise.all([frame(), frame(1, DAMAGED)].map((one) => eventLog.append(one)));
    await done;
    await expect.poll(() => verdicts).toMatchObject([{ verdicts: "x" }]);
    expect(await eventLog.snapshot()).toMatchObject({ frames: 1 });
  });

  it("a frame that cannot be read does not hide the error of its neighbours when it fails as well", async () => {
    const { eventLog, consumer, error } = runConsumer(
      () => Promise.reject(new Error("the first bug")),
      () => Promise.reject(new Error("the second bug")),
    );
    const done = expect(consumer.done).rejects.toThrow("the first bug");
    await Promise.all([frame(), frame(1, DAMAGED)].map((one) => eventLog.append(one)));
    await done;
    expect(error.mock.calls).toMatchObject([[{ err: { message: "the second bug" } }, expect.any(String)]]);
  });

  it("a frame that cannot be read fails only after its neighbours were applied", async () => {
    const { eventLog, consumer, verdicts } = runConsumer(
      async (deliveries) => allStored(deliveries),
      () => Promise.reject(new Error("a bug")),
    );
    const done = expect(consumer.done).rejects.toThrow("a bug");
    await Promise.all([frame(1, DAMAGED), frame()].map((one) => eventLog.append(one)));
    await done;
    await expect.poll(() => verdicts).toMatchObject([{ verdicts: "s" }]);
    expect(await eventLog.snapshot()).toMatchObject({ frames: 1 });
  });

  it("a frame that cannot be read goes back to the log when the consumer stops while the store is down", async () => {
    const deadLetterFrame = vi.fn(() => Promise.reject(new Unavailable({ code: "store_unreachable", detail: "down" })));
    const { eventLog, consumer } = runConsumer(async (deliveries) => allStored(deliveries), deadLetterFrame);
    await eventLog.append(frame(1, DAMAGED));
    await expect.poll(() => deadLetterFrame.mock.calls.length).toBe(1);
    await consumer.stop();
    expect(await eventLog.snapshot()).toMatchObject({ frames: 1 });
  });

  it("a frame that cannot be read is not tried when the consumer stops while the store is down", async () => {
    const away = () => Promise.reject(new Unavailable({ code: "store_unreachable", detail: "down" }));
    const deadLetterFrame = vi.fn(away);
    const { eventLog, consumer, calls } = runConsumer(away, deadLetterFrame);
    await Promise.all([frame(), frame(1, DAMAGED), frame(1, DAMAGED)].map((one) => eventLog.append(one)));
    await expect.poll(() => calls.length).toBe(1);
    await consumer.stop();
    expect(deadLetterFrame).not.toHaveBeenCalled();
    expect(await eventLog.snapshot()).toMatchObject({ frames: 3 });
  });

  it("a frame that cannot be read stays in the log when it has a newer format", async () => {
    const { eventLog, verdicts, warn, calls } = runConsumer(async (deliveries) => allStored(deliveries));
    const readable = frame();
    await Promise.all([frame(1, NEWER), readable].map((one) => eventLog.append(one)));
    await expect.poll(() => verdicts).toMatchObject([{ frameId: readable.id }]);
    expect(calls).toMatchObject([[{ frame: { id: readable.id } }]]);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(await eventLog.snapshot()).toMatchObject({ frames: 1 });
  });
});
