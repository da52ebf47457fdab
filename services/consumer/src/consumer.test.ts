import { Unavailable } from "@tidemark/domain/errors";
import { countEvents, type Frame } from "@tidemark/domain/frame";
import type { AppliedDelivery } from "@tidemark/event-store/event-store";
import { describe, expect, it } from "vitest";
import { allDeadLettered, allStored, frame, runConsumer } from "./consumer-fixture.ts";

describe("a consumer", () => {
  it("a consumer applies waiting frames in one call and sends each frame's verdicts back", async () => {
    const { eventLog, calls, verdicts } = runConsumer(async (deliveries) => allStored(deliveries));
    const frames = [frame(2), frame(3)];
    await Promise.all(frames.map((one) => eventLog.append(one)));
    await expect.poll(() => verdicts.map(({ verdicts }) => verdicts)).toEqual(["ss", "sss"]);
    expect(calls).toHaveLength(1);
    expect(await eventLog.snapshot()).toMatchObject({ frames: 0 });
  });

  it("a consumer acknowledges only after the commit", async () => {
    const commit = Promise.withResolvers<void>();
    const { eventLog, calls, verdicts } = runConsumer(async (deliveries) => {
      await commit.promise;
      return allStored(deliveries);
    });
    await eventLog.append(frame());
    await expect.poll(() => calls.length).toBe(1);
    expect([await eventLog.snapshot(), verdicts]).toMatchObject([{ frames: 1 }, []]);
    commit.resolve();
    await expect.poll(() => verdicts.length).toBe(1);
    expect(await eventLog.snapshot()).toMatchObject({ frames: 0 });
  });

  it("a consumer gives the store a second batch beside the first only when the second is large", async () => {
    const commit = Promise.withResolvers<void>();
    const { eventLog, calls } = runConsumer(async (deliveries) => {
      await commit.promise;
      return allStored(deliveries);
    });
    const sizes = () => calls.map((deliveries) => deliveries.map(({ frame }) => countEvents(frame)));
    await eventLog.append(frame(1));
    await expect.poll(sizes).toEqual([[1]]);
    for (const size of [2, 3, 495]) await eventLog.append(frame(size));
    await expect.poll(sizes).toEqual([[1], [2, 3]]);
    await eventLog.append(frame(499));
    commit.resolve();
    await expect.poll(sizes).toEqual([[1], [2, 3], [495], [499]]);
  });

  it("a consumer names dropped duplicates with the field names of the API, with their frame and its request", async () => {
    const { eventLog, warn } = runConsumer(async ([delivery]) => ({
      frames: [{ frameId: delivery?.frame.id ?? "", isNew: true, verdicts: "sdc" }],
      dropped: [
        { topic: "t", eventId: "1", source: "a", isConflict: false },
        { topic: "t", eventId: "2", source: "b", isConflict: true },
      ],
    }));
    const contexts = [{ request: 0, requestId: "order-7" }];
    const appended = { ...frame(3), contexts };
    await eventLog.append(appended);
    await expect.poll(() => warn.mock.calls).toHaveLength(1);
    const samples = [
      { topic: "t", event_id: "1", source: "a", conflict: false },
      { topic: "t", event_id: "2", source: "b", conflict: true },
    ];
    const frames = [{ frame: appended.id, requests: [{ requestId: "order-7" }] }];
    expect(warn.mock.calls).toEqual([[{ duplicates: 2, conflicts: 1, samples, frames }, "dropped duplicates"]]);
  });

  it("a consumer retries a store that is down, and reports it in the heartbeats", async () => {
    let isUp = false;
    const { eventLog, heartbeats, verdicts } = runConsumer(async (deliveries) => {
      if (!isUp) throw new Unavailable({ code: "store_unreachable", detail: "down" });
      return allStored(deliveries);
    });
    await eventLog.append(frame());
    await expect.poll(() => heartbeats.at(-1)?.isStoreUp).toBe(false);
    isUp = true;
    await expect.poll(() => verdicts.length).toBe(1);
    await expect.poll(() => heartbeats.at(-1)?.isStoreUp).toBe(true);
  });

  it("a consumer ends after an unknown error, and acknowledges nothing", async () => {
    const { eventLog, consumer } = runConsumer(() => Promise.reject(new Error("a bug")));
    const done = expect(consumer.done).rejects.toThrow("a bug");
    await eventLog.append(frame());
    await done;
    expect(await eventLog.snapshot()).toMatchObject({ frames: 1 });
  });

  it("a consumer finishes the other batch before it stops after an unknown error", async () => {
    const [failure, commit] = [Promise.withResolvers<never>(), Promise.withResolvers<void>()];
    const { eventLog, consumer, calls } = runConsumer(async (deliveries) => {
      if (calls.length === 1) await failure.promise;
      await commit.promise;
      return allStored(deliveries);
    });
    const done = expect(consumer.done).rejects.toThrow("a bug");
    await eventLog.append(frame());
    await expect.poll(() => calls.length).toBe(1);
    await eventLog.append(frame(500));
    await expect.poll(() => calls.length).toBe(2);
    failure.reject(new Error("a bug"));
    await done;
    const stopped = consumer.stop();
    setImmediate(commit.resolve);
    await stopped;
    expect(await eventLog.snapshot()).toMatchObject({ frames: 1, events: 1 });
  });

  it("a consumer finishes the batch in flight before it stops", async () => {
    const commit = Promise.withResolvers<void>();
    const { eventLog, consumer, calls, verdicts } = runConsumer(async (deliveries) => {
      await commit.promise;
      return allStored(deliveries);
    });
    await eventLog.append(frame());
    await expect.poll(() => calls.length).toBe(1);
    const stopped = consumer.stop();
    commit.resolve();
    await stopped;
    await expect.poll(() => verdicts.length).toBe(1);
  });

  it("a consumer gives frames back when it stops while the store is down", async () => {
    const { eventLog, consumer, calls } = runConsumer(() =>
      Promise.reject(new Unavailable({ code: "store_unreachable", detail: "down" })),
    );
    await eventLog.append(frame());
    await expect.poll(() => calls.length).toBe(1);
    await consumer.stop();
    expect(await eventLog.snapshot()).toMatchObject({ frames: 1 });
  });

  it("a consumer gives frames back when it stops while the store does not answer", async () => {
    const commit = Promise.withResolvers<void>();
    const apply = async (deliveries: AppliedDelivery[]) => {
      await commit.promise;
      return allStored(deliveries);
    };
    const { eventLog, consumer, calls, verdicts } = runConsumer(apply, allDeadLettered, { stopWaitMs: 1 });
    await eventLog.append(frame());
    await expect.poll(() => calls.length).toBe(1);

    await consumer.stop();
    commit.resolve();

    expect([await eventLog.snapshot(), verdicts]).toMatchObject([{ frames: 1 }, []]);
  });

  it("a consumer counts refused events and names the first ten, in one log line for each batch", async () => {
    const verdicts = "x".repeat(6);
    const { eventLog, error } = runConsumer(async (deliveries) => ({
      frames: deliveries.map(({ frame }) => ({ frameId: frame.id, isNew: true, verdicts })),
      dropped: [],
    }));
    const events = Buffer.from(
      JSON.stringify(Array.from(verdicts, (_, index) => ({ topic: "t", event_id: `${index}` }))),
    );
    const [first, second] = [frame(6, events), frame(6, events)];
    await Promise.all([eventLog.append(first), eventLog.append(second)]);
    await expect.poll(() => error.mock.calls).toHaveLength(1);
    const samplesOf = ({ id }: Frame, ids: string[]) => ids.map((event_id) => ({ frame: id, topic: "t", event_id }));
    const samples = [...samplesOf(first, ["0", "1", "2", "3", "4", "5"]), ...samplesOf(second, ["0", "1", "2", "3"])];
    expect(error.mock.calls).toEqual([[{ dead_lettered: 12, samples }, "events became dead letters"]]);
  });
});
