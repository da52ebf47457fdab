import { Unavailable } from "@tidemark/domain/errors";
import type { Delivery, EventLog } from "@tidemark/event-log/event-log";
import { createMemoryEventLog } from "@tidemark/event-log/memory-event-log";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type FrameRequest, FrameWriter } from "./frame-writer.ts";
import { PendingVerdicts } from "./pending-verdicts.ts";

const request = (text: string, count = 1): FrameRequest => ({
  events: Buffer.from(text),
  count,
  receivedAtMs: Date.now(),
  waitMs: 0,
  context: { requestId: `request-${text}` },
});

function openWriter({
  eventLog = createMemoryEventLog({ maxEvents: 100, maxBytes: 10_000 }),
  maxWaitForRoomMs = 0,
  maxPendingMs = 60_000,
  isStoreDown = false,
  pendingVerdicts = new PendingVerdicts(),
} = {}) {
  const writer = new FrameWriter({
    eventLog,
    pendingVerdicts,
    signals: { address: "here" },
    isStoreDown: () => isStoreDown,
    maxFrameEvents: 4,
    maxFrameBytes: 20,
    maxWaitForRoomMs,
    maxPendingMs,
  });
  const frames = async () => {
    const deliveries = (await eventLog.take({ maxEvents: 100, maxBytes: 10_000 })) as Delivery[];
    return deliveries.map(({ frame }) => ({ requests: frame.requests, events: frame.events.toString() }));
  };
  return { eventLog, writer, frames };
}

describe("FrameWriter", () => {
  it("the requests of one turn of the event loop form one frame", async () => {
    const { writer, frames } = openWriter();
    const placements = await Promise.all([request("1"), request("2,3", 2)].map((one) => writer.append(one)));
    expect(placements.map(({ firstEvent }) => firstEvent)).toEqual([0, 1]);
    expect(new Set(placements.map(({ frameId }) => frameId)).size).toBe(1);
    expect(await frames()).toEqual([{ requests: [1, 2], events: "[1,2,3]" }]);
  });

  it("a frame is closed at its limit of events or bytes, and no request is split", async () => {
    const { writer, frames } = openWriter();
    const requests = [request("1,2,3", 3), request("4,5", 2), request("6,7,8,9,10", 5), request(`"${"x".repeat(30)}"`)];
    await Promise.all(requests.map((one) => writer.append(one)));
    expect((await frames()).map((frame) => frame.requests)).toEqual([[3], [2], [5], [1]]);
  });

  it("one frame is appended at a time, and later requests form the next one", async () => {
    const appending: (() => void)[] = [];
    const memory = createMemoryEventLog({ maxEvents: 100, maxBytes: 10_000 });
    const slow: EventLog = {
      ...memory,
      append: async (frame) => {
        await new Promise<void>((resolve) => appending.push(resolve));
        return memory.append(frame);
      },
    };
    const { writer, frames } = openWriter({ eventLog: slow });
    const first = writer.append(request("1"));
    await expect.poll(() => appending.length).toBe(1);
    const rest = [writer.append(request("2")), writer.append(request("3"))];
    appending[0]?.();
    await first;
    await expect.poll(() => appending.length).toBe(2);
    appending[1]?.();
    await Promise.all(rest);
    expect((await frames()).map((frame) => frame.events)).toEqual(["[1]", "[2,3]"]);
  });

  it("a small frame waits while requests of the earlier one wait for its verdicts", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const pendingVerdicts = new PendingVerdicts();
    const { writer, eventLog, frames } = openWriter({ pendingVerdicts });
    const { frameId } = await writer.append({ ...request("1"), waitMs: 60_000 });
    const rest = [request("2"), request("3")].map((one) => writer.append(one));
    await vi.advanceTimersByTimeAsync(5);
    expect(await eventLog.snapshot()).toMatchObject({ events: 1 });
    pendingVerdicts.settle({ frameId, verdicts: "s" });
    await vi.advanceTimersByTimeAsync(2);
    await Promise.all(rest);
    expect((await frames()).map((frame) => frame.events)).toEqual(["[1]", "[2,3]"]);
  });

  it("a frame is written as soon as the senders of the one before have sent again", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    const pendingVerdicts = new PendingVerdicts();
    const { writer, eventLog } = openWriter({ pendingVerdicts });
    const publish = (text: string) => writer.append({ ...request(text), waitMs: 60_000 });
    const [{ frameId }] = await Promise.all([publish("1"), publish("2")]);
    pendingVerdicts.settle({ frameId, verdicts: "ss" });
    await turn();

    void publish("3");
    for (let turns = 0; turns < 3; turns++) await turn();
    expect(await eventLog.snapshot()).toMatchObject({ events: 2 });
    const [fourth] = await Promise.all([publish("4"), turn()]);
    expect(fourth.firstEvent).toBe(1);
  });

  it("every request of a frame that the log refuses is refused, and the next frame is written", async () => {
    const eventLog = createMemoryEventLog({ maxEvents: 2, maxBytes: 10_000 });
    const { writer } = openWriter({ eventLog });
    await writer.append(request("1,2", 2));
    const refused = await Promise.allSettled([writer.append(request("3")), writer.append(request("4"))]);
    for (const result of refused) expect(result).toMatchObject({ status: "rejected", reason: { code: "queue_full" } });
    for (const { ack } of await eventLog.take({ maxEvents: 10, maxBytes: 10_000 })) ack();
    await writer.append(request("5"));
    expect(await eventLog.snapshot()).toMatchObject({ events: 1 });
  });

  it("the pending verdicts of a frame are forgotten after the wait of its last request", async () => {
    const pendingVerdicts = new PendingVerdicts();
    const forget = vi.spyOn(pendingVerdicts, "forget");
    const { writer } = openWriter({ pendingVerdicts });
    const requests = [0, 1, 60_000].map((waitMs) => ({ ...request("1"), waitMs }));
    const [first, second, third] = await Promise.all(requests.map((one) => writer.append(one)));
    expect([await first?.verdicts, await second?.verdicts]).toEqual([undefined, undefined]);
    expect(forget).not.toHaveBeenCalled();
    pendingVerdicts.settle({ frameId: String(third?.frameId), verdicts: "sss" });
    expect(await third?.verdicts).toBe("sss");
    await vi.waitFor(() => expect(forget).toHaveBeenCalledExactlyOnceWith(third?.frameId));
  });

  it("the pending verdicts of a frame that the log refuses are forgotten", async () => {
    const pendingVerdicts = new PendingVerdicts();
    const forget = vi.spyOn(pendingVerdicts, "forget");
    const { writer } = openWriter({ eventLog: fullLog(), pendingVerdicts });
    await expect(writer.append({ ...request("1"), waitMs: 60_000 })).rejects.toMatchObject({ code: "log_full" });
    expect(forget).toHaveBeenCalledOnce();
  });

  it("a frame waits for room in a full log, for a bounded time", async () => {
    const eventLog = createMemoryEventLog({ maxEvents: 2, maxBytes: 10_000 });
    const { writer } = openWriter({ eventLog, maxWaitForRoomMs: 60_000 });
    await writer.append(request("1,2", 2));
    const waiting = writer.append(request("3"));
    for (const { ack } of await eventLog.take({ maxEvents: 10, maxBytes: 10_000 })) ack();
    await waiting;
    await expect(openWriter({ eventLog: fullLog() }).writer.append(request("4"))).rejects.toMatchObject({
      code: "log_full",
    });
  });

  it("Retry-After of a full log is longer while the store is down", async () => {
    const refusal = (isStoreDown: boolean) =>
      openWriter({ eventLog: fullLog(), isStoreDown }).writer.append(request("1"));
    await expect(refusal(true)).rejects.toMatchObject({ code: "log_full", retryAfterSeconds: 30 });
    await expect(refusal(false)).rejects.toMatchObject({ code: "log_full", retryAfterSeconds: 5 });
  });

  it("a request that waits too long for earlier frames is refused", async () => {
    const memory = createMemoryEventLog({ maxEvents: 100, maxBytes: 10_000 });
    const confirm = Promise.withResolvers<void>();
    const slow: EventLog = { ...memory, append: (frame) => confirm.promise.then(() => memory.append(frame)) };
    const { writer } = openWriter({ eventLog: slow, maxPendingMs: 1_000 });
    const first = writer.append(request("1"));
    await new Promise((resolve) => setImmediate(resolve));
    const overdue = writer.append({ ...request("2"), receivedAtMs: Date.now() - 1_001 });
    const inTime = writer.append(request("3"));
    confirm.resolve();
    await first;
    await expect(overdue).rejects.toMatchObject({ code: "overloaded" });
    await inTime;
  });

  it("a request that is too large for a frame of the log is refused", async () => {
    const eventLog = createMemoryEventLog({ maxEvents: 2, maxBytes: 10_000 });
    const { writer } = openWriter({ eventLog: { ...eventLog, maxFrameBytes: 5 } });
    await expect(writer.append(request("1234"))).rejects.toMatchObject({ status: 413, code: "body_too_large" });
    await writer.append(request("123"));
  });
});

function fullLog(): EventLog {
  const memory = createMemoryEventLog({ maxEvents: 1, maxBytes: 1 });
  return { ...memory, append: () => Promise.reject(new Unavailable({ code: "log_full", detail: "full" })) };
}
