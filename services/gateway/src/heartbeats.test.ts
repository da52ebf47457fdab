import { Unavailable } from "@tidemark/domain/errors";
import { createMemoryEventLog } from "@tidemark/event-log/memory-event-log";
import { createMemorySignals } from "@tidemark/event-log/memory-signals";
import type { GatewayHeartbeat } from "@tidemark/event-log/signals";
import { fastify } from "fastify";
import { expect, onTestFinished, test, vi } from "vitest";
import { startHeartbeats } from "./heartbeats.ts";
import { Refusals } from "./refusals.ts";

async function start(maxEvents = 1_000) {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const memory = createMemoryEventLog({ maxEvents, maxBytes: 1_000_000 });
  const signals = createMemorySignals();
  const heard: GatewayHeartbeat[] = [];
  signals.onGatewayHeartbeat((heartbeat) => heard.push(heartbeat));
  const server = fastify();
  const refusals = new Refusals();
  const log = startHeartbeats(server, { eventLog: memory, signals, refusals });
  await server.ready();
  const { generation } = await memory.snapshot();
  const append = (...requests: number[]) =>
    log.append({ id: crypto.randomUUID(), requests, receivedAtMs: 0, events: Buffer.from("[1,2]") });
  return { server, heard, append, generation };
}

test("a gateway sends a heartbeat as soon as it is ready, and then every second", async () => {
  const { server, heard } = await start();
  expect(heard).toMatchObject([{ beat: 1, confirmedEvents: 0, hasEnded: false }]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(heard.map(({ beat }) => beat)).toEqual([1, 2, 3]);
  await server.close();
});

test("a heartbeat counts the events that the log has confirmed, and names their generation", async () => {
  const { server, heard, append, generation } = await start();
  await append(2, 3);
  await append(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(heard.at(-1)).toMatchObject({ generation, confirmedEvents: 6, confirmedBytes: 10 });
  await server.close();
});

test("events that the log refused are not counted", async () => {
  const { server, heard, append } = await start(4);
  await append(4);
  await expect(append(1)).rejects.toThrow(Unavailable);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(heard.at(-1)).toMatchObject({ confirmedEvents: 4 });
  await server.close();
});

test("the last heartbeat of a gateway that has closed has the final counts", async () => {
  const { server, heard, append } = await start();
  await append(4);
  await server.close();
  expect(heard.at(-1)).toMatchObject({ confirmedEvents: 4, hasEnded: true });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(heard.at(-1)).toMatchObject({ beat: 2 });
});
