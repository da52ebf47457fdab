import { EventEmitter, once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { limitConnections } from "./max-connections.ts";

test("a connection beyond the limit is closed, and the others stay", async () => {
  const server = createServer();
  limitConnections(server, { maxConnections: 2, logger: { warn: () => undefined } });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const open = async () => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => undefined);
    onTestFinished(() => void socket.destroy());
    await once(socket, "connect");
    return socket.resume();
  };
  const kept = [await open(), await open()];

  const third = await open();
  await once(third, "close");

  expect(kept.map(({ readyState }) => readyState)).toEqual(["open", "open"]);
});

test("a flood of connections is one line in the logger's output, with their number", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const server = new EventEmitter() as Server;
  const warn = vi.fn();
  limitConnections(server, { maxConnections: 2, logger: { warn } });

  for (let dropped = 0; dropped < 1_000; dropped++) server.emit("drop");
  await vi.advanceTimersByTimeAsync(60_000);
  server.emit("drop");
  await vi.advanceTimersByTimeAsync(60_000);

  expect(warn.mock.calls.map(([fields]) => fields)).toEqual([
    { closed: 1_000, maxConnections: 2 },
    { closed: 1, maxConnections: 2 },
  ]);
});
